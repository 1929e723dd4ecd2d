import type { CelKind, CelType } from '../language/cel-type.ts';
import { fail } from '../values/evaluation-error.ts';
import type { Evaluation } from '../values/evaluation.ts';
import { UnsignedInteger } from '../language/expression.ts';
import { goFloat } from '../../machinery/go-text.ts';
import { typeName } from '../values/runtime-type.ts';
import { durationText, timestampText } from '../values/time-text.ts';
import { CelList, Duration, Timestamp, TypeValue, isMap } from '../values/value.ts';
import type { CelMap, Value } from '../values/value.ts';

/** `'%s has %d'.format([...])` (cel-go ext/formatting.go). */
export function formatText(template: string, args: CelList, evaluation: Evaluation): string {
  let used = 0;
  return template.replaceAll(CLAUSE, (_all, precision: string | undefined, verb: string | undefined) => {
    if (verb === '%' && precision === undefined) return '%';
    evaluation.labour(1);
    if (verb === undefined) return fail('unexpected end of string');
    if (used >= args.size) return fail(`index ${used} out of range`);
    used += 1;
    return clause(args.at(used - 1), verb, precision === undefined ? 6 : Number(precision.slice(1)));
  });
}

const CLAUSE = /%([.]\d+)?([\s\S])?/g;

/** What each verb can write, with its message for all else. */
const ALLOWED: Record<string, { kinds: readonly CelKind[]; complaint: string }> = {
  s: {
    kinds: [
      'list',
      'map',
      'int',
      'uint',
      'double',
      'bool',
      'string',
      'timestamp',
      'bytes',
      'duration',
      'type',
      'null',
    ],
    complaint:
      'string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps',
  },
  d: { kinds: ['int', 'uint'], complaint: 'decimal clause can only be used on integers' },
  f: { kinds: ['double', 'string'], complaint: 'fixed-point clause can only be used on doubles' },
  e: { kinds: ['double', 'string'], complaint: 'scientific clause can only be used on doubles' },
  b: { kinds: ['int', 'uint', 'bool'], complaint: 'only integers and bools can be formatted as binary' },
  x: {
    kinds: ['int', 'uint', 'bytes', 'string'],
    complaint: 'only integers, byte buffers, and strings can be formatted as hex',
  },
  o: { kinds: ['int', 'uint'], complaint: 'octal clause can only be used on integers' },
};

/** What is wrong with a literal template for arguments of these types. */
export function templateProblem(
  template: string,
  types: readonly CelType[],
): { message: string; argument?: number } | undefined {
  let used = 0;
  for (const [, precision, verb] of template.matchAll(CLAUSE)) {
    if (verb === '%' && precision === undefined) continue;
    const type = types[used];
    if (verb === undefined) return { message: 'unexpected end of string' };
    if (type === undefined) return { message: `index ${used} out of range` };
    const allowed = Object.hasOwn(ALLOWED, verb.toLowerCase()) ? ALLOWED[verb.toLowerCase()] : undefined;
    if (allowed === undefined || (verb !== 'X' && verb !== verb.toLowerCase()))
      return { message: unknownClause(verb) };
    if (type.kind !== 'dyn' && !allowed.kinds.includes(type.kind))
      return {
        message: `error during formatting: ${allowed.complaint}, was given ${type.name}`,
        argument: used,
      };
    used += 1;
  }
  if (used >= types.length) return undefined;
  return { message: `too many arguments supplied to string.format (expected ${used}, got ${types.length})` };
}

const unknownClause = (verb: string): string =>
  `could not parse formatting clause: unrecognized formatting clause "${verb}"`;

function clause(value: Value, verb: string, precision: number): string {
  switch (verb) {
    case 's':
      return stringClause(value);
    case 'd':
      return integer(value)?.toString() ?? misfit('d', value);
    case 'f':
      return double(value, 'f', (number) => fixed(number, precision));
    case 'e':
      return double(value, 'e', scientific);
    case 'b':
      return typeof value === 'boolean'
        ? String(Number(value))
        : (integer(value)?.toString(2) ?? misfit('b', value));
    case 'x':
    case 'X':
      return hex(value, verb);
    case 'o':
      return integer(value)?.toString(8) ?? misfit('o', value);
    default:
      return fail(unknownClause(verb));
  }
}

function integer(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return value instanceof UnsignedInteger ? value.value : undefined;
}

function misfit(verb: string, value: Value): never {
  return fail(`error during formatting: ${ALLOWED[verb]?.complaint ?? ''}, was given ${typeName(value)}`);
}

const SPECIAL: Record<string, string> = { NaN: 'NaN', Infinity: '∞', '-Infinity': '-∞' };

function double(value: Value, verb: string, write: (number: number) => string): string {
  const number = typeof value === 'string' && Object.hasOwn(SPECIAL, value) ? Number(value) : value;
  if (typeof number !== 'number') return misfit(verb, value);
  return SPECIAL[String(number)] ?? write(number);
}

/** Upstream writes numbers as English readers do. */
function fixed(number: number, precision: number): string {
  const [whole = '', fraction] = number.toFixed(Math.min(precision, 100)).split('.');
  const grouped = whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const SUPERSCRIPT: Record<string, string> = {
  '-': '⁻',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

/** The precision is taken for a width there, so it has no effect. */
function scientific(number: number): string {
  const [mantissa = '0', exponent = '+0'] = number.toExponential(6).split('e');
  const digits = `${exponent.startsWith('-') ? '-' : ''}${exponent.slice(1).padStart(2, '0')}`;
  return `${mantissa}×10${Array.from(digits, (digit) => SUPERSCRIPT[digit]).join('')}`;
}

function hex(value: Value, verb: string): string {
  const text = integer(value)?.toString(16) ?? hexOfBytes(value);
  return verb === 'X' ? text.toUpperCase() : text;
}

function hexOfBytes(value: Value): string {
  if (typeof value === 'string' || value instanceof Uint8Array)
    return Buffer.from(value as string).toString('hex');
  return misfit('x', value);
}

function stringClause(value: Value): string {
  if (value instanceof Timestamp) return timestampText(value);
  if (value instanceof Duration) return durationText(value);
  if (typeof value === 'number') return goFloat(value);
  return inner(value, false);
}

/** Inside lists and maps, values are written as CEL would read them again. */
function inner(value: Value, quoted: boolean): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return quoted ? JSON.stringify(value) : value;
  if (typeof value === 'number') return quoted ? value.toFixed(6) : goFloat(value);
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
  return misfit('s', value);
}

function mapText(map: CelMap): string {
  const entries = [...map.keys()].map(
    (key) => [inner(key, true), inner(map.find(key) ?? null, true)] as const,
  );
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  return `{${sorted.map(([key, value]) => `${key}:${value}`).join(', ')}}`;
}
