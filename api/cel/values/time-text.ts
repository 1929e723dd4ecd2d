import { Duration, Timestamp } from './value.ts';

/** Times and durations as text: Go's time package and kube-openapi's strfmt, which CEL values come from. */

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9})\d*)?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseTimestamp(text: string): Timestamp | undefined {
  const [, day = '', time = '', fraction = '', zone = ''] = RFC3339.exec(text) ?? [];
  const millis = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (day === '' || Number.isNaN(millis) || !isDay(day)) return undefined;
  return new Timestamp(BigInt(millis) * 1_000_000n + BigInt(fraction.padEnd(9, '0') || '0'));
}

/** A `date` of a schema: midnight of UTC. */
export function parseDate(text: string): Timestamp | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && isDay(text) ? parseTimestamp(`${text}T00:00:00Z`) : undefined;
}

/** Date.parse takes February 30 for March 2. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

export function timestampText({ nanos }: Timestamp): string {
  const millis = floorDiv(nanos, 1_000_000n);
  const fraction = (nanos - floorDiv(nanos, 1_000_000_000n) * 1_000_000_000n).toString().padStart(9, '0');
  const seconds = new Date(Number(millis)).toISOString().slice(0, 19);
  const digits = fraction.replace(/0+$/, '');
  return `${seconds}${digits === '' ? '' : `.${digits}`}Z`;
}

export function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
/** strfmt knows days and weeks besides, and long names. */
const LONG_UNITS: Record<string, bigint> = {
  ...UNITS,
  nano: 1n,
  micro: 1000n,
  µ: 1000n,
  milli: 1_000_000n,
  sec: 1_000_000_000n,
  second: 1_000_000_000n,
  min: 60_000_000_000n,
  minute: 60_000_000_000n,
  hr: 3_600_000_000_000n,
  hour: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  day: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
  wk: 604_800_000_000_000n,
  week: 604_800_000_000_000n,
};

/** Go's time.ParseDuration: `1h30m`, `-1.5s`. */
export function parseDuration(text: string): Duration | undefined {
  const [, sign, body = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === '0') return new Duration(0n);
  if (!/^(?:(?:\d+[.]?\d*|[.]\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.test(body)) return undefined;
  let nanos = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of body.matchAll(/(\d*)[.]?(\d*)([a-zµμ]+)/g))
    nanos += amount(whole, fraction, UNITS[unit] ?? 0n);
  if (sign === '-') nanos = -nanos;
  return BigInt.asIntN(64, nanos) === nanos ? new Duration(nanos) : undefined;
}

function amount(whole: string, fraction: string, unit: bigint): bigint {
  const wholeNanos = BigInt(whole || '0') * unit;
  const digits = fraction.slice(0, 18);
  return digits === '' ? wholeNanos : wholeNanos + (BigInt(digits) * unit) / 10n ** BigInt(digits.length);
}

/** strfmt.ParseDuration: Go's, or a number with a unit that may be a word (`2 weeks`). */
export function parseFormatDuration(text: string): Duration | undefined {
  const plain = parseDuration(text);
  if (plain !== undefined) return plain;
  const [, whole = '', fraction = '', unit = ''] =
    /^(\d+)(?:[.](\d+))?\s*([A-Za-zµ]+)$/.exec(text.trim()) ?? [];
  const key = Object.hasOwn(LONG_UNITS, unit.toLowerCase())
    ? unit.toLowerCase()
    : unit.toLowerCase().replace(/s$/, '');
  const size = Object.hasOwn(LONG_UNITS, key) ? LONG_UNITS[key] : undefined;
  return size === undefined ? undefined : new Duration(amount(whole, fraction, size));
}

/** CEL writes durations in seconds. */
export function durationText({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : '';
  const value = nanos < 0n ? -nanos : nanos;
  const fraction = (value % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${value / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}
