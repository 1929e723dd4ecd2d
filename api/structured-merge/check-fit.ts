import { badRequest } from '../machinery/status-error.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import { goSyntax, goType, goValue } from '../machinery/go-text.ts';
import { itemElement, ItemError } from './list-items.ts';
import { fieldType, shapeOf } from './merge-type.ts';
import type { ListType, MapType, MergeType, ScalarType } from './merge-type.ts';
import { elementText, fieldElement, indexElement } from './path-element.ts';

/** Whether a value fits a type, in the words of structured-merge-diff typed/validate.go. */

interface Misfit {
  path: string;
  message: string;
}

interface Fit {
  /** Two items of a list may have the same keys: what is stored is taken as it is. */
  duplicates: boolean;
  misfits: Misfit[];
  depth: number;
}

/** As much nesting as pruning takes (api/schema/prune.ts): more could exhaust the stack. */
const MAX_DEPTH = 500;

/** Nobody reads more. */
const MAX_MISFITS = 100;

/** Why the value does not fit, in one text; undefined when it does. */
export function misfit(
  type: MergeType,
  value: unknown,
  options: { duplicates: boolean },
): string | undefined {
  const fit: Fit = { ...options, misfits: [], depth: 0 };
  check(type, value, fit);
  if (fit.misfits.length === 0) return undefined;
  const texts = fit.misfits.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return texts.length === 1 ? texts[0] : ['errors:', ...texts.map((text) => `  ${text}`)].join('\n');
}

/** @throws StatusError BadRequest for a value that is nested too deep */
function check(type: MergeType, value: unknown, fit: Fit): void {
  const shape = shapeOf(type, value);
  if (shape === 'scalar') {
    checkScalar(type.scalar, value, fit);
    return;
  }
  fit.depth += 1;
  if (fit.depth > MAX_DEPTH) throw badRequest(`the object is nested more than ${MAX_DEPTH} levels deep`);
  if (shape === 'map') checkMap(type.map, value, fit);
  else checkList(type.list, value, fit);
  fit.depth -= 1;
}

/** Upstream prints its wrapper of a value, not the value. */
const shown = (value: unknown): string => `&{${goValue(value)}}`;

function refuse(fit: Fit, message: string): void {
  if (fit.misfits.length < MAX_MISFITS) fit.misfits.push({ path: '', message });
}

function checkScalar(type: ScalarType | undefined, value: unknown, fit: Fit): void {
  if (value === null) return;
  const actual = scalarOf(value);
  if (actual !== undefined && (type === 'untyped' || type === actual)) return;
  if (type === 'numeric') refuse(fit, `expected numeric (int or float), got ${goType(value)}`);
  else if (type === 'string')
    refuse(fit, `expected string, got &value.valueUnstructured{Value:${goSyntax(value)}}`);
  else if (type === 'boolean') refuse(fit, `expected boolean, got ${shown(value)}`);
  else refuse(fit, `expected any scalar, got ${shown(value)}`);
}

function scalarOf(value: unknown): ScalarType | undefined {
  const type = typeof value;
  if (type === 'string' || type === 'boolean') return type;
  return type === 'number' || type === 'bigint' ? 'numeric' : undefined;
}

function checkMap(type: MapType | undefined, value: unknown, fit: Fit): void {
  if (value === null || type === undefined) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    refuse(fit, `expected map, got ${shown(value)}`);
    return;
  }
  const map = value as JsonObject;
  for (const name of Object.keys(map)) {
    const childType = fieldType(type, name);
    if (childType === undefined) {
      const before = fit.misfits.length;
      refuse(fit, 'field not declared in schema');
      prefix(fit, before, elementText(fieldElement(name)));
      return;
    }
    const before = fit.misfits.length;
    check(childType, map[name], fit);
    if (fit.misfits.length > before) prefix(fit, before, elementText(fieldElement(name)));
  }
}

function checkList(type: ListType | undefined, value: unknown, fit: Fit): void {
  if (value === null || type === undefined) return;
  if (!Array.isArray(value)) {
    refuse(fit, `expected list, got ${shown(value)}`);
    return;
  }
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const element = checkItem(type, { index, item, seen }, fit);
    if (element === undefined) return;
    const before = fit.misfits.length;
    check(type.items, item, fit);
    if (fit.misfits.length > before) prefix(fit, before, element());
  }
}

interface Item {
  index: number;
  item: unknown;
  /** The items before it. */
  seen: Set<string>;
}

/** How messages name the item; undefined when it cannot be in the list, and the rest is not looked at. */
function checkItem(type: ListType, { index, item, seen }: Item, fit: Fit): (() => string) | undefined {
  if (type.atomic) return () => elementText(indexElement(index));
  try {
    const element = itemElement(type, item);
    if (!fit.duplicates && seen.has(element.text))
      refuse(fit, `duplicate entries for key ${elementText(element)}`);
    seen.add(element.text);
    return () => elementText(element);
  } catch (error) {
    if (!(error instanceof ItemError)) throw error;
    refuse(fit, `element ${index}: ${error.message}`);
    return undefined;
  }
}

function prefix(fit: Fit, from: number, text: string): void {
  for (const found of fit.misfits.slice(from)) found.path = text + found.path;
}
