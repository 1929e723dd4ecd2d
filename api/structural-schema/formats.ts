import { isCidr, isIpv4, isIpv6, isMac } from './network-formats.ts';
import type { StructuralSchema } from './structural-schema.ts';

/**
 * String formats that kube-apiserver checks for custom resources (apiextensions-apiserver
 * pkg/apiserver/validation/formats.go, the checks are kube-openapi's strfmt). A format that is not listed is not
 * checked, as there. Names are compared without their hyphens.
 */
const HOSTNAME =
  /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z\p{L}]{2,63})$/u;
const RGB_PART = String.raw`\s*(?:0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
const SHORT_NAME = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';

const matches =
  (pattern: RegExp) =>
  (value: string): boolean =>
    pattern.test(value);

const shortName = matches(new RegExp(`^${SHORT_NAME}$`));
const longName = matches(new RegExp(String.raw`^${SHORT_NAME}(?:\.${SHORT_NAME})*$`));

const CHECKS: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['bsonobjectid', matches(/^[0-9a-f]{24}$/i)],
  // The empty text is no base64 here, although it decodes (govalidator).
  ['byte', matches(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/)],
  ['cidr', isCidr],
  ['creditcard', isCreditCard],
  ['date', isDate],
  ['datetime', isDateTime],
  ['duration', isDuration],
  ['email', isEmail],
  ['hexcolor', matches(/^#?(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/)],
  ['hostname', isHostname],
  ['ipv4', isIpv4],
  ['ipv6', isIpv6],
  ['isbn', (value) => isIsbn10(value) || isIsbn13(value)],
  ['isbn10', isIsbn10],
  ['isbn13', isIsbn13],
  ['k8slongname', (value) => value.length <= 253 && longName(value)],
  ['k8sshortname', (value) => value.length <= 63 && shortName(value)],
  ['mac', isMac],
  ['password', () => true],
  ['rgbcolor', matches(new RegExp(String.raw`^rgb\(${RGB_PART},${RGB_PART},${RGB_PART}\)$`))],
  ['ssn', (value) => value.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(value)],
  ['uri', isRequestUri],
  ['uuid', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid3', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i)],
  ['uuid4', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
  ['uuid5', matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i)],
]);

const normalized = (format: string): string => format.replaceAll('-', '');

/** The check of a format, or undefined when the format means nothing for strings. */
export function stringFormat(format: string | undefined): ((value: string) => boolean) | undefined {
  return format === undefined ? undefined : CHECKS.get(normalized(format));
}

const NUMBER_FORMATS: Record<string, string[]> = { integer: ['int32', 'int64'], number: ['float', 'double'] };

/** The format of a schema as far as it is known for its type; what is not known is as if it were not there. */
export function effectiveFormat({ type, format }: StructuralSchema): string | undefined {
  if (format === undefined || format === '') return undefined;
  const known =
    type === undefined || type === 'string'
      ? CHECKS.has(normalized(format))
      : NUMBER_FORMATS[type]?.includes(format) === true;
  return known ? format : undefined;
}

function isDate(value: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value)) return false;
  const date = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value);
}

/** The seconds may not be 60, and any character may stand before the fraction (strfmt time.go). */
function isDateTime(value: string): boolean {
  if (value.length < 4) return false;
  const [day = '', time] = value.toLowerCase().split('t');
  const match = /^(\d{2}):(\d{2}):(\d{2})(?:[^\n][0-9]+)?(?:z|[+-]\d{2}:\d{2})$/.exec(time ?? '');
  if (match === null || !isDate(day)) return false;
  const [, hours = '', minutes = '', seconds = ''] = match;
  return hours <= '23' && minutes <= '59' && seconds <= '59';
}

const GO_DURATION = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
/** The units of Scala: a name in full, or a text that begins with the last. */
const UNITS = [
  ['ns', 'nano'],
  ['us', 'µs', 'micro'],
  ['ms', 'milli'],
  ['s', 'sec'],
  ['m', 'min'],
  ['h', 'hr', 'hour'],
  ['d', 'day'],
  ['w', 'wk', 'week'],
];

function isDuration(value: string): boolean {
  if (GO_DURATION.test(value)) return true;
  for (const [, , unit = ''] of value.matchAll(/(\d+)\s*([A-Za-zµ]+)/g)) {
    const text = unit.toLowerCase();
    if (UNITS.some((names) => names.includes(text) || text.startsWith(names.at(-1) ?? ' '))) return true;
  }
  return false;
}

/** An address of RFC 5322 as people write it: `a@b`, or `Name <a@b>`; Go knows some more. */
function isEmail(value: string): boolean {
  const address = /^[^<>]*<([^<>]*)>\s*$/.exec(value)?.[1] ?? value.trim();
  return /^(?:[\w!#$%&'*+/=?^`{|}~\-\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+/=?^`{|}~\-\u0080-\u{10ffff}]+)*|"[^"\\]*")@(?:[\w!#$%&'*+/=?^`{|}~\-\u0080-\u{10ffff}]+(?:\.[\w!#$%&'*+/=?^`{|}~\-\u0080-\u{10ffff}]+)*|\[[^\]]*\])$/u.test(
    address,
  );
}

function isHostname(value: string): boolean {
  return (
    Buffer.byteLength(value) <= 255 &&
    HOSTNAME.test(value) &&
    value.split('.').every((label) => Buffer.byteLength(label) <= 63)
  );
}

const CONTROL = /[^\P{Cc}\u0080-\u009f]/u;

/** net/url ParseRequestURI: an absolute path, or a URI with a scheme. */
function isRequestUri(value: string): boolean {
  // Go refuses control characters wherever they are.
  if (value === '' || CONTROL.test(value)) return false;
  if (value === '*') return true;
  const path = value.replace(/\?.*$/s, '');
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return false;
  if (value.startsWith('/'))
    return value.startsWith('//') ? isAuthority(path.slice(2)) || path.startsWith('///') : true;
  const scheme = /^[a-zA-Z][a-zA-Z0-9+.-]*:(.*)$/s.exec(path);
  if (scheme === null) return false;
  const rest = scheme[1] ?? '';
  return rest.startsWith('//') && !rest.startsWith('///') ? isAuthority(rest.slice(2)) : true;
}

function isAuthority(rest: string): boolean {
  const authority = rest.replace(/\/.*$/s, '');
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('[')) return /^\[[^\]]*\](?::\d*)?$/.test(host);
  return /^[^\s"<>\\^`{|}:[\]]*(?::\d*)?$/.test(host);
}

function isIsbn10(value: string): boolean {
  const digits = value.replaceAll(/[\s-]+/g, '');
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of Array.from(digits).entries())
    sum += (index + 1) * (digit === 'X' ? 10 : Number(digit));
  return sum % 11 === 0;
}

function isIsbn13(value: string): boolean {
  const digits = value.replaceAll(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of Array.from(digits).entries()) sum += (index % 2 === 0 ? 1 : 3) * Number(digit);
  return sum % 10 === 0;
}

const CREDIT_CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

function isCreditCard(value: string): boolean {
  const digits = value.replaceAll(/[^0-9]+/g, '');
  if (!CREDIT_CARD.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of Array.from(digits).reverse().entries()) {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += doubled >= 10 ? (doubled % 10) + 1 : doubled;
  }
  return sum % 10 === 0;
}
