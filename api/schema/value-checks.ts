import { abridged } from '../machinery/status-error.ts';
import { compilePattern, matchingWork } from '../structural-schema/compiled-pattern.ts';
import { deepEqual } from '../machinery/json/deep-equal.ts';
import {
  invalidType,
  invalidValue,
  tooLong,
  tooMany,
  unsupportedValue,
} from '../structural-schema/field-error.ts';
import type { Findings } from './findings.ts';
import { effectiveFormat, stringFormat } from '../structural-schema/formats.ts';
import { isInt64 } from '../machinery/go-text.ts';
import { isJsonInteger } from './number-checks.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * Checks of one value by one keyword each, with the texts of kube-openapi (pkg/validation/errors). Each maker
 * returns undefined when the schema does not use its keyword, so that a check costs nothing where it is not asked for.
 */
export type Check<T> = (value: T, findings: Findings) => void;

/** The types of JSON as kube-openapi names them in messages. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isJsonInteger(value)) return 'integer';
  return typeof value === 'bigint' ? 'integer' : typeof value;
}

const INT_OR_STRING = ['integer', 'string'];

/** Whether the value has the type of the schema; what is not so is added to the findings. */
export type TypeCheck = (value: unknown, findings: Findings) => boolean;

export function typeCheck(schema: StructuralSchema): TypeCheck | undefined {
  const format = effectiveFormat(schema);
  const types = schema['x-kubernetes-int-or-string'] === true ? INT_OR_STRING : typesOf(schema);
  if (types.length === 0 && format === undefined) return undefined;
  const numeric = types.includes('number') || types.includes('integer');
  const nullable = schema.nullable === true || types.length === 0;
  return (value, findings) => {
    const actual = jsonType(value);
    if (value === null ? nullable : hasType(actual, types)) return true;
    if (value === null || format === undefined) return mismatch(findings, types.join(','), actual);
    // Of texts and lists only the format is asked then (kube-openapi type.go).
    if (actual === 'string' || actual === 'array')
      return numeric ? mismatch(findings, types.join(','), actual) : true;
    return mismatch(findings, format, formatOfNumber(actual));
  };
}

const typesOf = ({ type }: StructuralSchema): string[] => (type === undefined ? [] : [type]);

function hasType(actual: string, types: string[]): boolean {
  return types.includes(actual) || (actual === 'integer' && types.includes('number'));
}

function mismatch(findings: Findings, expected: string, actual: string): false {
  findings.add((field) => invalidType(field, expected, actual));
  return false;
}

function formatOfNumber(actual: string): string {
  if (actual === 'integer') return 'int64';
  return actual === 'number' ? 'float64' : '';
}

export function enumCheck(schema: StructuralSchema): Check<unknown> | undefined {
  const allowed = schema.enum;
  if (allowed === undefined || allowed.length === 0) return undefined;
  return (value, findings) => {
    // null is none of them, not even when the list has it: Go has no value to compare.
    if (value === null || !allowed.some((one) => deepEqual(one, value) || isConverted(value, one)))
      findings.add((field) => unsupportedValue(field, value, allowed));
  };
}

/** Go converts a value to the type of the one it compares with: 1.5 is 1, and 65 is A (kube-openapi validator.go). */
function isConverted(value: unknown, allowed: unknown): boolean {
  if (typeof value !== 'number') return false;
  if (typeof allowed === 'number')
    return isInt64(allowed) && !isInt64(value) && Math.trunc(value) === allowed;
  const isCharacter = Number.isInteger(value) && value >= 0 && value <= 0x10ffff;
  return isCharacter && typeof allowed === 'string' && String.fromCodePoint(value) === allowed;
}

const TOO_LONG = 'is too long to be matched against its pattern';

/** Length and pattern: only the first that does not hold is reported. */
export function stringCheck(schema: StructuralSchema): Check<string> | undefined {
  const { minLength, maxLength, pattern } = schema;
  if (minLength === undefined && maxLength === undefined && pattern === undefined) return undefined;
  const compiled = pattern === undefined || pattern === '' ? undefined : compilePattern(pattern);
  return (value, findings) => {
    // Characters are counted as code points; when the code units are few enough, so are those.
    if (maxLength !== undefined && value.length > maxLength && codePoints(value) > maxLength)
      findings.add((field) => tooLong(field, maxLength));
    // A code point is at most two code units: of twice as many there are enough.
    else if (minLength !== undefined && value.length < 2 * minLength && codePoints(value) < minLength)
      findings.add((field) =>
        invalidValue(field, value, `${field} in body should be at least ${minLength} chars long`),
      );
    else if (compiled === undefined) return;
    else if (!findings.spend(matchingWork(compiled, value)))
      findings.add((field) => invalidValue(field, abridged(value), TOO_LONG));
    else if (!compiled.matcher(value).find())
      findings.add((field) => invalidValue(field, value, `${field} in body should match '${pattern}'`));
  };
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1)
    count += 1;
  return count;
}

export function formatCheck(schema: StructuralSchema): Check<string> | undefined {
  const format = effectiveFormat(schema);
  const matches = stringFormat(format);
  if (matches === undefined || format === undefined) return undefined;
  return (value, findings) => {
    if (!matches(value)) findings.add((field) => invalidType(field, format, value));
  };
}

export function arrayCheck({ minItems, maxItems }: StructuralSchema): Check<unknown[]> | undefined {
  if (minItems === undefined && maxItems === undefined) return undefined;
  return (value, findings) => {
    const { length } = value;
    if (minItems !== undefined && length < minItems)
      findings.add((field) =>
        invalidValue(field, length, `${field} in body should have at least ${minItems} items`),
      );
    if (maxItems !== undefined && length > maxItems)
      findings.add((field) => tooMany(field, length, maxItems));
  };
}

export function sizeOfObjectCheck({
  minProperties,
  maxProperties,
}: StructuralSchema): Check<JsonObject> | undefined {
  if (minProperties === undefined && maxProperties === undefined) return undefined;
  return (value, findings) => {
    const size = Object.keys(value).length;
    if (minProperties !== undefined && size < minProperties)
      findings.add((field) =>
        invalidValue(field, size, `${field} in body should have at least ${minProperties} properties`),
      );
    if (maxProperties !== undefined && size > maxProperties)
      findings.add((field) => tooMany(field, size, maxProperties));
  };
}
