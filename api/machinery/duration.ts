const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Two units, the smaller one left out when it is zero: `5m30s`, `5m`. */
function pair(major: string, minor: number, unit: string): string {
  return minor === 0 ? major : `${major}${minor}${unit}`;
}

/**
 * An age as kubectl prints it (apimachinery util/duration HumanDuration): two or three significant digits,
 * `<invalid>` for more than a second in the future (clocks differ).
 */
export function formatAge(ms: number): string {
  const seconds = Math.trunc(ms / SECOND);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(ms / MINUTE);
  if (minutes < 10) return pair(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(ms / HOUR);
  if (hours < 8) return pair(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return pair(`${days}d`, hours % 24, 'h');
  if (days < 2 * 365) return `${days}d`;
  const years = Math.trunc(days / 365);
  return years < 8 ? pair(`${years}y`, days % 365, 'd') : `${years}y`;
}

/** The age of an RFC 3339 time; `<unknown>` when there is none, `<invalid>` when it cannot be read. */
export function formatAgeOf(time: string | undefined, nowMs: number): string {
  if (time === undefined || time === '') return '<unknown>';
  const epochMs = Date.parse(time);
  return Number.isNaN(epochMs) ? '<invalid>' : formatAge(nowMs - epochMs);
}
