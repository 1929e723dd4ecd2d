import { RE2JS } from 're2js';
import { invalidType, invalidValue, tooLong, tooMany, unsupportedValue } from './field-error.ts';
import { integerFits, isInteger, stringFormat } from './formats.ts';
import { deepEqual } from './deep-equal.ts';
import type { JsonObject, StructuralSchema } from './structural-schema.ts';
import type { Findings } from './findings.ts';

/**
 * Checks of one value by one keyword each, with the texts of kube-openapi (pkg/validation/errors). Each maker
 * returns undefined when the schema does not use its keyword, so that a check costs nothing where it is not asked for.
 */
export type Check<T> = (value: T, findings: Findings) => void;

/** The types of JSON as kube-openapi names them in messages. */
export function jsonType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value;
}

export function typeCheck(schema: StructuralSchema): Check<unknown> | undefined {
  const expected = schema['x-kubernetes-int-or-string'] === true ? 'integer or string' : schema.type;
  if (expected === undefined) return undefined;
  return (value, findings) => {
    const actual = jsonType(value);
    if (hasType(actual, expected) || (value === null && schema.nullable === true)) return;
    findings.add((field) => invalidType(field, expected.replace(' or ', ','), actual));
  };
}

function hasType(actual: string, expected: string): boolean {
  if (expected === 'integer or string') return actual === 'integer' || actual === 'string';
  return actual === expected || (expected === 'number' && actual === 'integer');
}

export function enumCheck(schema: StructuralSchema): Check<unknown> | undefined {
  const allowed = schema.enum;
  if (allowed === undefined) return undefined;
  return (value, findings) => {
    if (!allowed.some((one) => deepEqual(one, value)))
      findings.add((field) => unsupportedValue(field, value, allowed));
  };
}

export function stringChecks(schema: StructuralSchema): Check<string>[] {
  const checks = [lengthCheck(schema), patternCheck(schema), formatCheck(schema)];
  return checks.filter((check) => check !== undefined);
}

function lengthCheck({ minLength, maxLength }: StructuralSchema): Check<string> | undefined {
  if (minLength === undefined && maxLength === undefined) return undefined;
  return (value, findings) => {
    // Characters are counted as code points; when the code units are few enough, so are those.
    if (maxLength !== undefined && value.length > maxLength && codePoints(value) > maxLength)
      findings.add((field) => tooLong(field, maxLength));
    if (minLength !== undefined && codePoints(value) < minLength)
      findings.add((field) =>
        invalidValue(field, value, `${field} in body should be at least ${minLength} chars long`),
      );
  };
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1)
    count += 1;
  return count;
}

function patternCheck({ pattern }: StructuralSchema): Check<string> | undefined {
  if (pattern === undefined) return undefined;
  const compiled = RE2JS.compile(pattern);
  return (value, findings) => {
    if (!compiled.matcher(value).find())
      findings.add((field) => invalidValue(field, value, `${field} in body should match '${pattern}'`));
  };
}

function formatCheck({ format }: StructuralSchema): Check<string> | undefined {
  const matches = stringFormat(format);
  if (matches === undefined || format === undefined) return undefined;
  return (value, findings) => {
    if (!matches(value)) findings.add((field) => ({ ...invalidType(field, format, value) }));
  };
}

export function numberChecks(schema: StructuralSchema): Check<bigint | number>[] {
  const checks = [
    minimumCheck(schema),
    maximumCheck(schema),
    multipleCheck(schema),
    schema.type === 'integer' ? sizeCheck(schema.format) : undefined,
  ];
  return checks.filter((check) => check !== undefined);
}

function minimumCheck({ minimum, exclusiveMinimum }: StructuralSchema): Check<bigint | number> | undefined {
  if (minimum === undefined) return undefined;
  const text = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
  return (value, findings) => {
    if (exclusiveMinimum === true ? value > minimum : value >= minimum) return;
    findings.add((field) => invalidValue(field, value, `${field} in body should be ${text} ${minimum}`));
  };
}

function maximumCheck({ maximum, exclusiveMaximum }: StructuralSchema): Check<bigint | number> | undefined {
  if (maximum === undefined) return undefined;
  const text = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
  return (value, findings) => {
    if (exclusiveMaximum === true ? value < maximum : value <= maximum) return;
    findings.add((field) => invalidValue(field, value, `${field} in body should be ${text} ${maximum}`));
  };
}

function multipleCheck({ multipleOf }: StructuralSchema): Check<bigint | number> | undefined {
  if (multipleOf === undefined) return undefined;
  return (value, findings) => {
    const quotient = Number(value) / multipleOf;
    if (!Number.isInteger(quotient))
      findings.add((field) =>
        invalidValue(field, value, `${field} in body should be a multiple of ${multipleOf}`),
      );
  };
}

function sizeCheck(format: string | undefined): Check<bigint | number> {
  const type = format === undefined ? 'integer' : `integer with format ${format}`;
  return (value, findings) => {
    if (!integerFits(value, format))
      findings.add((field) => invalidValue(field, value, `${field} in body must be of type ${type}`));
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
