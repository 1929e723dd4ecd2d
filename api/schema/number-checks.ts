import type { StatusCause } from '../machinery/status-error.ts';
import { invalidValue } from '../structural-schema/field-error.ts';
import { goFloat, goNumber, isInt64 } from '../machinery/go-text.ts';
import { effectiveFormat } from '../structural-schema/formats.ts';
import type { Findings } from './findings.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * minimum, maximum, multipleOf and the range of a format, as kube-openapi checks them (pkg/validation/validate
 * values.go): a whole number against whole bounds, anything else in floating point.
 */
type Num = bigint | number;
export type NumberCheck = (value: Num, findings: Findings) => void;
/** `real`: in floating point, whatever the value is, since the bound does not fit the type. */
type BoundCheck = (value: Num, findings: Findings, real: boolean) => void;

export function numberCheck(schema: StructuralSchema): NumberCheck | undefined {
  const range = rangeOf(schema);
  const bounds = [multipleOf(schema), minimum(schema), maximum(schema)].filter(
    (check) => check !== undefined,
  );
  if (range === undefined && bounds.length === 0) return undefined;
  return (value, findings) => {
    if (range !== undefined) addOutOfRange(value, { range, what: 'Checked' }, findings);
    for (const { bound, what, check } of bounds) {
      const real = range !== undefined && addOutOfRange(bound, { range, what }, findings);
      check(value, findings, real);
    }
  };
}

/** A number that Go takes for an integer although it is none by a hair (swag IsFloat64AJSONInteger). */
export function isJsonInteger(value: unknown): value is Num {
  if (typeof value === 'bigint') return true;
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  if (isInt64(value)) return true;
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return false;
  const rounded = Math.round(value);
  return rounded !== 0 && Math.abs(value - rounded) < 1e-9 * Math.abs(rounded);
}

interface Range {
  type: string;
  fits(value: Num): boolean;
}

/** The range that type and format give; undefined for none. */
function rangeOf(schema: StructuralSchema): Range | undefined {
  const format = effectiveFormat(schema);
  if (schema.type === 'integer') {
    const name = format === undefined ? 'integer (default format)' : `integer with format ${format}`;
    return { type: name, fits: format === 'int32' ? isInt32 : isInt64 };
  }
  if (schema.type !== 'number' || format !== 'float') return undefined;
  return { type: 'number with format float', fits: (value) => Number.isFinite(Math.fround(Number(value))) };
}

const isInt32 = (value: Num): boolean =>
  typeof value === 'number' && Math.trunc(value) === value && Math.abs(value) <= 2 ** 31 && value !== 2 ** 31;

function addOutOfRange(value: Num, { range, what }: { range: Range; what: string }, findings: Findings) {
  if (range.fits(value)) return false;
  findings.add((field) => ({
    reason: 'FieldValueInvalid',
    field: '<nil>',
    message: `Invalid value: "": ${what} value must be of type ${range.type} in ${field}`,
  }));
  return true;
}

interface Bound {
  bound: number;
  what: string;
  check: BoundCheck;
}

function minimum({ minimum: bound, exclusiveMinimum }: StructuralSchema): Bound | undefined {
  if (bound === undefined) return undefined;
  const text = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
  const whole = wholeBound(bound);
  return {
    bound,
    what: 'Minimum boundary',
    check: (value, findings, real) => {
      const limit = !real && isInt64(value) ? whole : bound;
      if (exclusiveMinimum === true ? value > limit : value >= limit) return;
      findings.add((field) =>
        violation(field, { value, real, text: `${text} ${shownBound(limit, real || !isInt64(value))}` }),
      );
    },
  };
}

function maximum({ maximum: bound, exclusiveMaximum }: StructuralSchema): Bound | undefined {
  if (bound === undefined) return undefined;
  const text = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
  const whole = wholeBound(bound);
  return {
    bound,
    what: 'Maximum boundary',
    check: (value, findings, real) => {
      const limit = !real && isInt64(value) ? whole : bound;
      if (exclusiveMaximum === true ? value < limit : value <= limit) return;
      findings.add((field) =>
        violation(field, { value, real, text: `${text} ${shownBound(limit, real || !isInt64(value))}` }),
      );
    },
  };
}

/** As Go converts a float64 to an int64: towards zero. */
const wholeBound = (bound: number): Num =>
  Math.abs(bound) < 2 ** 63 ? Math.trunc(bound) : BigInt.asIntN(64, -(2n ** 63n));

const shownBound = (limit: Num, real: boolean): string => (real ? goFloat(Number(limit)) : limit.toString());

interface Violation {
  value: Num;
  real: boolean;
  text: string;
}

function violation(field: string, { value, real, text }: Violation): StatusCause {
  const shown = real ? goFloat(Number(value)) : goNumber(value);
  return {
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value: ${shown}: ${field} in body should be ${text}`,
  };
}

function multipleOf({ multipleOf: factor }: StructuralSchema): Bound | undefined {
  if (factor === undefined) return undefined;
  return {
    bound: factor,
    what: 'MultipleOf',
    check: (value, findings, real) => {
      const whole = !real && isInt64(value);
      const used = whole ? Math.trunc(factor) : factor;
      if (used <= 0)
        findings.add((field) =>
          invalidValue(
            field,
            used,
            `factor MultipleOf declared for ${field} must be positive: ${goNumber(used)}`,
          ),
        );
      else if (!(whole ? isWholeMultiple(value, used) : isRealMultiple(Number(value), used)))
        findings.add((field) =>
          violation(field, { value, real, text: `a multiple of ${whole ? used : goFloat(used)}` }),
        );
    },
  };
}

function isWholeMultiple(value: Num, factor: number): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value % factor === 0
    : BigInt(value) % BigInt(factor) === 0n;
}

const isRealMultiple = (value: number, factor: number): boolean =>
  isJsonInteger(factor < 1 ? (1 / factor) * value : value / factor);
