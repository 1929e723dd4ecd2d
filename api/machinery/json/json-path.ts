import { parseJsonPathSteps } from './json-path-parser.ts';
import type { FilterOperator, JsonPathOperand, JsonPathStep } from './json-path-parser.ts';

/**
 * The dialect of JSONPath that Kubernetes has (client-go util/jsonpath), as printer columns and kubectl use it:
 * `.a.b`, `['a.b']`, `.a\.b`, `[0]`, `[-1]`, `[1:3]`, `[*]`, `..name`, `['a','b']`, `[?(@.x=="y")]`.
 * What is missing yields nothing (AllowMissingKeys).
 */

export interface JsonPath {
  /** All values the path leads to, in order; empty when there are none. */
  find(root: unknown): unknown[];
}

/**
 * A path without braces: `.status.phase`, also `status.phase` and `$.status.phase`.
 * @throws StatusError BadRequest for a syntax error
 */
export function parseJsonPath(path: string): JsonPath {
  const steps = parseJsonPathSteps(path);
  return { find: (root) => walk([root], steps) };
}

export function walk(start: unknown[], steps: readonly JsonPathStep[]): unknown[] {
  let values = start;
  for (const step of steps) values = values.flatMap((value) => take(value, step));
  return values;
}

function take(value: unknown, step: JsonPathStep): unknown[] {
  switch (step.kind) {
    case 'field':
      return step.names.flatMap((name) => takeField(value, name));
    case 'index':
      return Array.isArray(value) ? step.indices.flatMap((index) => takeIndex(value, index)) : [];
    case 'slice':
      return Array.isArray(value) ? takeSlice(value, step) : [];
    case 'wildcard':
      return children(value);
    case 'descendants':
      return descendants(value);
    case 'filter':
      return children(value).filter((item) => passes(item, step));
  }
}

function takeField(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.hasOwn(value, name) ? [(value as Record<string, unknown>)[name]] : [];
}

function takeIndex(list: readonly unknown[], index: number): unknown[] {
  const at = index < 0 ? list.length + index : index;
  return at >= 0 && at < list.length ? [list[at]] : [];
}

function takeSlice(list: readonly unknown[], slice: JsonPathStep & { kind: 'slice' }): unknown[] {
  const part = list.slice(slice.start ?? 0, slice.end ?? list.length);
  return slice.step === 1 ? part : part.filter((_, index) => index % slice.step === 0);
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function descendants(value: unknown): unknown[] {
  return [value, ...children(value).flatMap(descendants)];
}

function passes(item: unknown, filter: JsonPathStep & { kind: 'filter' }): boolean {
  const left = operandValues(item, filter.left);
  if (filter.operator === 'exists' || filter.right === undefined) return left.length > 0;
  const right = operandValues(item, filter.right);
  if (left.length === 0 || right.length === 0) return false;
  return compare(left[0], right[0], filter.operator);
}

function operandValues(item: unknown, operand: JsonPathOperand): unknown[] {
  return 'path' in operand ? walk([item], operand.path) : [operand.value];
}

function compare(left: unknown, right: unknown, operator: FilterOperator): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  const bothNumbers = typeof left === 'number' && typeof right === 'number';
  const bothTexts = typeof left === 'string' && typeof right === 'string';
  if (!bothNumbers && !bothTexts) return false;
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}
