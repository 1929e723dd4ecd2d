import { fail } from './evaluation.ts';
import type { Evaluation } from './evaluation.ts';
import { UnsignedInteger } from './expression.ts';
import { doubleText } from './number-text.ts';
import { typeName } from './runtime-type.ts';
import { durationText, timestampText } from './time-text.ts';
import { CelList, Duration, Timestamp, TypeValue, isMap } from './value.ts';
import type { CelMap, Value } from './value.ts';

/** `'%s has %d'.format([...])` (cel-go ext/formatting.go). */
export function formatText(template: string, args: CelList, evaluation: Evaluation): string {
  let used = 0;
  const text = template.replaceAll(
    CLAUSE,
    (_all, precision: string | undefined, verb: string | undefined) => {
      if (verb === '%') return '%';
      evaluation.labour(1);
      if (verb === undefined) return fail('could not parse formatting clause: unexpected end of string');
      if (used >= args.size) return fail(`index ${used} out of range`);
      const digits = precision === undefined ? 6 : Number(precision.slice(1));
      used += 1;
      return clause(args.at(used - 1), verb, digits);
    },
  );
  return text;
}

const CLAUSE = /%([.]\d+)?([a-zA-Z%])?/g;

function clause(value: Value, verb: string, precision: number): string {
  switch (verb) {
    case 's':
      return stringClause(value);
    case 'd':
      return integer(value)?.toString() ?? misfit('decimal', value, 'integers');
    case 'f':
      return double(value, 'fixed-point', (number) => number.toFixed(Math.min(precision, 100)));
    case 'e':
      return double(value, 'scientific', (number) => scientific(number, precision));
    case 'b':
      return typeof value === 'boolean'
        ? String(Number(value))
        : (integer(value)?.toString(2) ?? misfit('binary', value, 'integers and bools'));
    case 'x':
    case 'X':
      return hex(value, verb);
    case 'o':
      return integer(value)?.toString(8) ?? misfit('octal', value, 'integers');
    default:
      return fail(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  }
}

function integer(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof UnsignedInteger ? value.value : undefined;
}

function misfit(kind: string, value: Value, allowed: string): never {
  return fail(
    `error during formatting: ${kind} clause can only be used on ${allowed}, was given ${typeName(value)}`,
  );
}

const SPECIAL: Record<string, string> = { NaN: 'NaN', Infinity: '∞', '-Infinity': '-∞' };

function double(value: Value, kind: string, write: (number: number) => string): string {
  const number = typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? Number(value) : value;
  if (typeof number !== 'number') return misfit(kind, value, 'doubles');
  return SPECIAL[String(number)] ?? write(number);
}

function scientific(number: number, precision: number): string {
  const [mantissa = '0', exponent = '+0'] = number.toExponential(Math.min(precision, 100)).split('e');
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

function hex(value: Value, verb: string): string {
  const text = integer(value)?.toString(16) ?? hexOfBytes(value);
  return verb === 'X' ? text.toUpperCase() : text;
}

function hexOfBytes(value: Value): string {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Buffer.from(value as string).toString('hex');
  return misfit('hex', value, 'integers, byte buffers, and strings');
}

function stringClause(value: Value): string {
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (typeof value === 'number') return doubleText(value);
  return inner(value, false);
}

/** Inside lists and maps, values are written as CEL would read them again. */
function inner(value: Value, quoted: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted ? JSON.stringify(value) : value;
  if (typeof value === 'number') return quoted ? value.toFixed(6) : doubleText(value);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (value instanceof UnsignedInteger) return String(value.value);
  if (value instanceof Uint8Array) {
    const text = Buffer.from(value).toString();
    return quoted ? `b${JSON.stringify(text)}` : text;
  }
  if (value instanceof Timestamp) return `timestamp("${timestampText(value)}")`;
  if (value instanceof Duration) return `duration("${durationText(value)}")`;
  if (value instanceof TypeValue) return value.name;
  if (value instanceof CelList) return `[${[...value].map((item) => inner(item, true)).join(', ')}]`;
  if (isMap(value)) return mapText(value);
  return fail(
    `error during formatting: string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName(value)}`,
  );
}

function mapText(map: CelMap): string {
  const entries = [...map.keys()].map(
    (key) => [inner(key, true), inner(map.find(key) ?? null, true)] as const,
  );
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${sorted.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}
