import { fail } from '../values/evaluation-error.ts';
import type { Declaration, Run } from './function-declaration.ts';
import { floorDiv } from '../values/time-text.ts';
import type { Duration, Timestamp, Value } from '../values/value.ts';

/** Parts of times and durations (cel-go common/types/timestamp.go); times are in UTC unless a zone is named. */

const DAY = 86_400_000;

/** Milliseconds since 1970 of the clock in a zone, as if that clock were UTC's. */
function clock(time: Value | undefined, zone: Value | undefined): Date {
  const millis = Number(floorDiv((time as Timestamp).nanos, 1_000_000n));
  if (zone === undefined || zone === 'UTC' || zone === '') return new Date(millis);
  return new Date(millis + offsetOf(zone as string, millis));
}

function offsetOf(zone: string, millis: number): number {
  const [, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/.exec(zone) ?? [];
  if (hours !== undefined) {
    if (Number(minutes) > 59) fail(`timezone offset minutes out of range [0, 59]: ${zone}`);
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }
  return namedOffset(zone, millis);
}

const zones = new Map<string, Intl.DateTimeFormat>();

function namedOffset(zone: string, millis: number): number {
  let format = zones.get(zone);
  if (format === undefined) {
    format = zoneFormat(zone);
    if (zones.size >= 1000) zones.clear();
    zones.set(zone, format);
  }
  const parts = Object.fromEntries(
    format.formatToParts(millis).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(millis / 1000) * 1000;
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric' as const;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  } catch {
    return fail(`unknown time zone ${timeZone}`);
  }
}

const dayOfYear = (date: Date): number =>
  Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY);

const PARTS: readonly (readonly [fn: string, id: string, part: (date: Date) => number])[] = [
  ['getFullYear', 'timestamp_to_year', (date) => date.getUTCFullYear()],
  ['getMonth', 'timestamp_to_month', (date) => date.getUTCMonth()],
  ['getDayOfYear', 'timestamp_to_day_of_year', dayOfYear],
  ['getDayOfMonth', 'timestamp_to_day_of_month', (date) => date.getUTCDate() - 1],
  ['getDate', 'timestamp_to_day_of_month_1_based', (date) => date.getUTCDate()],
  ['getDayOfWeek', 'timestamp_to_day_of_week', (date) => date.getUTCDay()],
  ['getHours', 'timestamp_to_hours', (date) => date.getUTCHours()],
  ['getMinutes', 'timestamp_to_minutes', (date) => date.getUTCMinutes()],
  ['getSeconds', 'timestamp_to_seconds', (date) => date.getUTCSeconds()],
  ['getMilliseconds', 'timestamp_to_milliseconds', (date) => date.getUTCMilliseconds()],
];

const inUnits =
  (unit: bigint): Run =>
  ([duration]) =>
    (duration as Duration).nanos / unit;

export const TIMES: readonly Declaration[] = [
  ...PARTS.flatMap(([fn, id, part]): Declaration[] => [
    [fn, id, 'timestamp.() -> int', ([time]) => BigInt(part(clock(time, undefined)))],
    [fn, `${id}_with_tz`, 'timestamp.(string) -> int', ([time, zone]) => BigInt(part(clock(time, zone)))],
  ]),
  ['getHours', 'duration_to_hours', 'duration.() -> int', inUnits(3_600_000_000_000n)],
  ['getMinutes', 'duration_to_minutes', 'duration.() -> int', inUnits(60_000_000_000n)],
  ['getSeconds', 'duration_to_seconds', 'duration.() -> int', inUnits(1_000_000_000n)],
  ['getMilliseconds', 'duration_to_milliseconds', 'duration.() -> int', inUnits(1_000_000n)],
];
