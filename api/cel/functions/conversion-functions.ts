import { fail } from '../values/evaluation-error.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { Declaration } from './function-declaration.ts';
import { int, uint } from './arithmetic-functions.ts';
import { goFloat } from '../../machinery/go-text.ts';
import { durationText, floorDiv, parseDuration, parseTimestamp, timestampText } from '../values/time-text.ts';
import { Timestamp, TypeValue } from '../values/value.ts';
import type { Duration, Value } from '../values/value.ts';
import { typeName } from '../values/runtime-type.ts';

/** Conversions between the basic types (cel-go common/types): what does not fit is an error, never a guess. */

const text = (value: Value | undefined): string => value as string;

function parseInteger(value: string): bigint {
  if (!/^[+-]?\d+$/.test(value)) return fail("type conversion error from 'string' to 'int'");
  const parsed = BigInt(value.replace(/^[+]/, ''));
  if (BigInt.asIntN(64, parsed) === parsed) return parsed;
  return fail("type conversion error from 'string' to 'int'");
}

function parseUnsigned(value: string): UnsignedInteger {
  if (!/^\d+$/.test(value)) return fail("type conversion error from 'string' to 'uint'");
  const parsed = BigInt(value);
  if (BigInt.asUintN(64, parsed) === parsed) return new UnsignedInteger(parsed);
  return fail("type conversion error from 'string' to 'uint'");
}

const SPECIAL: Record<string, number> = { inf: Infinity, infinity: Infinity, nan: NaN };

function parseDouble(value: string): number {
  const [, sign = '', name = ''] = /^([+-]?)([A-Za-z]+)$/.exec(value) ?? [];
  const special = SPECIAL[name.toLowerCase()];
  if (special !== undefined) return sign === '-' ? -special : special;
  if (/^[+-]?(?:\d+[.]?\d*|[.]\d+)(?:[eE][+-]?\d+)?$/.test(value)) return Number(value);
  return fail("type conversion error from 'string' to 'double'");
}

function truncated(value: number): bigint {
  if (!(value > -(2 ** 63) && value < 2 ** 63)) return fail('integer overflow');
  return BigInt(Math.trunc(value));
}

function unsigned(value: number): UnsignedInteger {
  if (!(value >= 0 && value < 2 ** 64)) return fail('unsigned integer overflow');
  return new UnsignedInteger(BigInt(Math.trunc(value)));
}

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function parseBoolean(value: string): boolean {
  if (TRUE.has(value)) return true;
  return FALSE.has(value) ? false : fail(`type conversion error from 'string' to 'bool'`);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return fail('invalid UTF-8 in bytes, cannot convert to string');
  }
}

const orFail = <T>(value: T | undefined, from: string, to: string): T =>
  value ?? fail(`type conversion error from '${from}' to '${to}'`);

const same: Declaration[3] = ([value = null]) => value;

export const CONVERSIONS: readonly Declaration[] = [
  ['type', 'type', '(A) -> type(A)', ([value = null]) => new TypeValue(typeName(value))],
  ['dyn', 'to_dyn', '(A) -> dyn', same],
  ['bool', 'bool_to_bool', '(bool) -> bool', same],
  ['bool', 'string_to_bool', '(string) -> bool', ([value]) => parseBoolean(text(value))],
  ['bytes', 'bytes_to_bytes', '(bytes) -> bytes', same],
  ['bytes', 'string_to_bytes', '(string) -> bytes', ([value]) => Buffer.from(text(value))],
  ['double', 'double_to_double', '(double) -> double', same],
  ['double', 'int64_to_double', '(int) -> double', ([value]) => Number(value)],
  ['double', 'string_to_double', '(string) -> double', ([value]) => parseDouble(text(value))],
  ['double', 'uint64_to_double', '(uint) -> double', ([value]) => Number((value as UnsignedInteger).value)],
  ['duration', 'duration_to_duration', '(duration) -> duration', same],
  [
    'duration',
    'string_to_duration',
    '(string) -> duration',
    ([value]) => orFail(parseDuration(text(value)), 'string', 'google.protobuf.Duration'),
  ],
  ['int', 'int64_to_int64', '(int) -> int', same],
  ['int', 'double_to_int64', '(double) -> int', ([value]) => truncated(value as number)],
  ['int', 'duration_to_int64', '(duration) -> int', ([value]) => (value as Duration).nanos],
  ['int', 'string_to_int64', '(string) -> int', ([value]) => parseInteger(text(value))],
  [
    'int',
    'timestamp_to_int64',
    '(timestamp) -> int',
    ([value]) => floorDiv((value as Timestamp).nanos, 1_000_000_000n),
  ],
  ['int', 'uint64_to_int64', '(uint) -> int', ([value]) => int((value as UnsignedInteger).value)],
  ['string', 'string_to_string', '(string) -> string', same],
  ['string', 'bool_to_string', '(bool) -> string', ([value]) => String(value)],
  ['string', 'bytes_to_string', '(bytes) -> string', ([value]) => decode(value as Uint8Array)],
  ['string', 'double_to_string', '(double) -> string', ([value]) => goFloat(value as number)],
  ['string', 'duration_to_string', '(duration) -> string', ([value]) => durationText(value as Duration)],
  ['string', 'int64_to_string', '(int) -> string', ([value]) => String(value)],
  ['string', 'timestamp_to_string', '(timestamp) -> string', ([value]) => timestampText(value as Timestamp)],
  ['string', 'uint64_to_string', '(uint) -> string', ([value]) => String((value as UnsignedInteger).value)],
  ['timestamp', 'timestamp_to_timestamp', '(timestamp) -> timestamp', same],
  [
    'timestamp',
    'int64_to_timestamp',
    '(int) -> timestamp',
    ([value]) => new Timestamp((value as bigint) * 1_000_000_000n),
  ],
  [
    'timestamp',
    'string_to_timestamp',
    '(string) -> timestamp',
    ([value]) => orFail(parseTimestamp(text(value)), 'string', 'google.protobuf.Timestamp'),
  ],
  ['uint', 'uint64_to_uint64', '(uint) -> uint', same],
  ['uint', 'double_to_uint64', '(double) -> uint', ([value]) => unsigned(value as number)],
  ['uint', 'int64_to_uint64', '(int) -> uint', ([value]) => uint(value as bigint)],
  ['uint', 'string_to_uint64', '(string) -> uint', ([value]) => parseUnsigned(text(value))],
];
