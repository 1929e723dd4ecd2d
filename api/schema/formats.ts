/**
 * String formats that kube-apiserver checks for custom resources (apiextensions-apiserver
 * pkg/apiserver/validation/formats.go). A format that is not listed is not checked, as there.
 */
const CHECKS: Record<string, (value: string) => boolean> = {
  byte: (value) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && isCalendarDay(value),
  'date-time': isDateTime,
  duration: (value) =>
    /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))*$|^0$/.test(
      value,
    ),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  hostname: isHostname,
  ipv4: isIPv4,
  uri: (value) => URL.canParse(value) || value.startsWith('/'),
  uuid: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value),
};

/** The check of a format, or undefined when the format means nothing for strings. */
export function stringFormat(format: string | undefined): ((value: string) => boolean) | undefined {
  return format !== undefined && Object.hasOwn(CHECKS, format) ? CHECKS[format] : undefined;
}

const INT_BITS: Record<string, bigint> = { int32: 32n, int64: 64n };

/** Whether an integer fits its format; true for formats that are none of integers. */
export function integerFits(value: bigint | number, format: string | undefined): boolean {
  const bits = INT_BITS[format ?? 'int64'];
  if (bits === undefined || !isInteger(value)) return true;
  return BigInt.asIntN(Number(bits), BigInt(value)) === BigInt(value);
}

/** JSON has one number type; 1.0 is an integer as kube-apiserver reads it. */
export function isInteger(value: unknown): value is bigint | number {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
}

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function isDateTime(value: string): boolean {
  const day = DATE_TIME.exec(value)?.[1];
  return day !== undefined && isCalendarDay(day);
}

function isCalendarDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}

function isHostname(value: string): boolean {
  const labels = value.split('.');
  return (
    value.length <= 253 && labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label))
  );
}

function isIPv4(value: string): boolean {
  const parts = value.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}
