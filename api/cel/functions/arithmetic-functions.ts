import { EvaluationError, fail, noSuchOverload } from '../values/evaluation-error.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { Declaration, Run } from './function-declaration.ts';
import { numeric } from '../values/equality.ts';
import { Duration, Timestamp } from '../values/value.ts';
import type { CelList, Value } from '../values/value.ts';
import { addLists } from '../values/list-addition.ts';

/** Operators on numbers, times and texts, with the overflow checks of cel-go. */

export function int(value: bigint): bigint {
  return BigInt.asIntN(64, value) === value ? value : fail('integer overflow');
}

export function uint(value: bigint): UnsignedInteger {
  return BigInt.asUintN(64, value) === value ? new UnsignedInteger(value) : fail('unsigned integer overflow');
}

const ints =
  (apply: (a: bigint, b: bigint) => bigint): Run =>
  ([a, b]) =>
    int(apply(a as bigint, b as bigint));

const uints =
  (apply: (a: bigint, b: bigint) => bigint): Run =>
  ([a, b]) =>
    uint(apply((a as UnsignedInteger).value, (b as UnsignedInteger).value));

const doubles =
  (apply: (a: number, b: number) => number): Run =>
  ([a, b]) =>
    apply(a as number, b as number);

const nanos = (value: Value | undefined): bigint => (value as Duration | Timestamp).nanos;

const divided = (a: bigint, b: bigint): bigint => (b === 0n ? fail('division by zero') : a / b);
const rest = (a: bigint, b: bigint): bigint => (b === 0n ? fail('modulus by zero') : a % b);

const bytes = (...parts: Value[]): Uint8Array => Buffer.concat(parts as Uint8Array[]);

export const ARITHMETIC: readonly Declaration[] = [
  ['_+_', 'add_bytes', '(bytes, bytes) -> bytes', ([a = null, b = null]) => bytes(a, b)],
  ['_+_', 'add_double', '(double, double) -> double', doubles((a, b) => a + b)],
  [
    '_+_',
    'add_duration_duration',
    '(duration, duration) -> duration',
    ([a, b]) => new Duration(nanos(a) + nanos(b)),
  ],
  [
    '_+_',
    'add_duration_timestamp',
    '(duration, timestamp) -> timestamp',
    ([a, b]) => new Timestamp(nanos(a) + nanos(b)),
  ],
  [
    '_+_',
    'add_timestamp_duration',
    '(timestamp, duration) -> timestamp',
    ([a, b]) => new Timestamp(nanos(a) + nanos(b)),
  ],
  ['_+_', 'add_int64', '(int, int) -> int', ints((a, b) => a + b)],
  ['_+_', 'add_list', '(list(A), list(A)) -> list(A)', ([a, b]) => addLists(a as CelList, b as CelList)],
  ['_+_', 'add_string', '(string, string) -> string', ([a, b]) => (a as string) + (b as string)],
  ['_+_', 'add_uint64', '(uint, uint) -> uint', uints((a, b) => a + b)],
  ['_/_', 'divide_double', '(double, double) -> double', doubles((a, b) => a / b)],
  ['_/_', 'divide_int64', '(int, int) -> int', ints(divided)],
  ['_/_', 'divide_uint64', '(uint, uint) -> uint', uints(divided)],
  ['_%_', 'modulo_int64', '(int, int) -> int', ints(rest)],
  ['_%_', 'modulo_uint64', '(uint, uint) -> uint', uints(rest)],
  ['_*_', 'multiply_double', '(double, double) -> double', doubles((a, b) => a * b)],
  ['_*_', 'multiply_int64', '(int, int) -> int', ints((a, b) => a * b)],
  ['_*_', 'multiply_uint64', '(uint, uint) -> uint', uints((a, b) => a * b)],
  ['-_', 'negate_double', '(double) -> double', ([a]) => -(a as number)],
  ['-_', 'negate_int64', '(int) -> int', ([a]) => int(-(a as bigint))],
  ['_-_', 'subtract_double', '(double, double) -> double', doubles((a, b) => a - b)],
  [
    '_-_',
    'subtract_duration_duration',
    '(duration, duration) -> duration',
    ([a, b]) => new Duration(nanos(a) - nanos(b)),
  ],
  ['_-_', 'subtract_int64', '(int, int) -> int', ints((a, b) => a - b)],
  [
    '_-_',
    'subtract_timestamp_duration',
    '(timestamp, duration) -> timestamp',
    ([a, b]) => new Timestamp(nanos(a) - nanos(b)),
  ],
  [
    '_-_',
    'subtract_timestamp_timestamp',
    '(timestamp, timestamp) -> duration',
    ([a, b]) => new Duration(nanos(a) - nanos(b)),
  ],
  ['_-_', 'subtract_uint64', '(uint, uint) -> uint', uints((a, b) => a - b)],
];

/** The order of two values that have one: -1, 0 or 1. */
export function compare(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration))
    return order(a.nanos, b.nanos);
  if (isNumber(a) && isNumber(b)) return order(numeric(a), numeric(b));
  return noSuchOverload();
}

const isNumber = (value: Value | undefined): value is UnsignedInteger | bigint | number =>
  typeof value === 'bigint' || typeof value === 'number' || value instanceof UnsignedInteger;

function order(a: bigint | number, b: bigint | number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) fail('NaN values cannot be ordered');
  if (a < b) return -1;
  return a > b ? 1 : 0;
}

/** By bytes of UTF-8, as Go compares: the same as by code points, which differs from UTF-16 above U+FFFF. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  if (!/[\ud800-\udfff]/.test(a + b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

const ORDERED: readonly (readonly [suffix: string, a: string, b: string])[] = [
  ['bool', 'bool', 'bool'],
  ['int64', 'int', 'int'],
  ['int64_double', 'int', 'double'],
  ['int64_uint64', 'int', 'uint'],
  ['uint64', 'uint', 'uint'],
  ['uint64_double', 'uint', 'double'],
  ['uint64_int64', 'uint', 'int'],
  ['double', 'double', 'double'],
  ['double_int64', 'double', 'int'],
  ['double_uint64', 'double', 'uint'],
  ['string', 'string', 'string'],
  ['bytes', 'bytes', 'bytes'],
  ['timestamp', 'timestamp', 'timestamp'],
  ['duration', 'duration', 'duration'],
];

const OPERATORS: readonly (readonly [fn: string, name: string, holds: (order: number) => boolean])[] = [
  ['_<_', 'less', (order) => order < 0],
  ['_<=_', 'less_equals', (order) => order <= 0],
  ['_>_', 'greater', (order) => order > 0],
  ['_>=_', 'greater_equals', (order) => order >= 0],
];

/** NaN is not an error for operators: every comparison with it is false. */
function holdsFor(holds: (order: number) => boolean): Run {
  return ([a, b]) => {
    try {
      return holds(compare(a, b));
    } catch (error) {
      if (error instanceof EvaluationError && error.message.startsWith('NaN')) return false;
      throw error;
    }
  };
}

export const COMPARISONS: readonly Declaration[] = OPERATORS.flatMap(([fn, name, holds]) =>
  ORDERED.map(([suffix, a, b]): Declaration => [
    fn,
    `${name}_${suffix}`,
    `(${a}, ${b}) -> bool`,
    holdsFor(holds),
  ]),
);
