import { GO_ESCAPES } from '../../machinery/go-text.ts';
import { fail } from '../values/evaluation-error.ts';
import { formatText } from './format-function.ts';
import type { Declaration } from './function-declaration.ts';
import { patternFor } from '../values/pattern.ts';
import { CelList } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** Strings: the standard library, cel-go ext/strings.go (version 2) and apiserver pkg/cel/library/regex.go. */

const text = (value: Value | undefined): string => value as string;
const int = (value: Value | undefined): bigint => value as bigint;

/** CEL counts code points. Texts without surrogates, nearly all, need no copy. */
function codePoints(value: string): readonly string[] | string {
  return isPlain(value) ? value : Array.from(value);
}

export const isPlain = (value: string): boolean => !/[\ud800-\udfff]/.test(value);

export function textSize(value: string): number {
  return codePoints(value).length;
}

const joined = (part: readonly string[] | string): string =>
  typeof part === 'string' ? part : part.join('');

function charAt(value: string, index: bigint): string {
  const points = codePoints(value);
  if (index < 0n || index > BigInt(points.length)) return fail(`index out of range: ${index}`);
  return points[Number(index)] ?? '';
}

function indexOf(value: string, part: string, offset: bigint): bigint {
  if (offset < 0n) return fail(`index out of range: ${offset}`);
  const points = codePoints(value);
  const size = BigInt(points.length);
  if (part === '') return offset > size ? size : offset;
  if (offset >= size) return -1n;
  if (typeof points === 'string') return BigInt(points.indexOf(part, Number(offset)));
  const at = value.indexOf(part, joined(points.slice(0, Number(offset))).length);
  return at === -1 ? -1n : BigInt(textSize(value.slice(0, at)));
}

function lastIndexOf(value: string, part: string, offset: bigint | undefined): bigint {
  const points = codePoints(value);
  const size = BigInt(points.length);
  if (offset === undefined) {
    if (part === '') return size;
    return offset === undefined && size === 0n ? -1n : lastIndexOf(value, part, size - 1n);
  }
  if (offset < 0n) return fail(`index out of range: ${offset}`);
  if (part === '') return offset > size ? size : offset;
  if (offset >= size) return -1n;
  if (typeof points === 'string') return BigInt(points.lastIndexOf(part, Number(offset)));
  const at = value.lastIndexOf(part, joined(points.slice(0, Number(offset))).length);
  return at === -1 ? -1n : BigInt(textSize(value.slice(0, at)));
}

function replace(value: string, [from, to]: readonly [string, string], limit: bigint): string {
  if (limit < 0n) return value.replaceAll(from, () => to);
  const parts: string[] = [];
  let rest = value;
  for (let count = 0n; count < limit; count += 1n) {
    const at = from === '' && count > 0n ? nextPoint(rest) : rest.indexOf(from);
    if (at === -1 || (from === '' && count > 0n && rest === '')) break;
    parts.push(rest.slice(0, at), to);
    rest = rest.slice(at + from.length);
  }
  return parts.join('') + rest;
}

const nextPoint = (value: string): number => String.fromCodePoint(value.codePointAt(0) ?? 0).length;

function split(value: string, by: string, limit: bigint): string[] {
  if (limit === 0n) return [];
  const parts = by === '' ? Array.from(value) : value.split(by);
  if (limit < 0n || BigInt(parts.length) <= limit) return parts;
  const kept = parts.slice(0, Number(limit) - 1);
  return [...kept, parts.slice(Number(limit) - 1).join(by)];
}

function substring(value: string, start: bigint, end: bigint | undefined): string {
  const points = codePoints(value);
  const size = BigInt(points.length);
  const last = end ?? size;
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > size) return fail(`index out of range: ${start}`);
  if (last < 0n || last > size) return fail(`index out of range: ${last}`);
  return joined(points.slice(Number(start), Number(last)));
}

/** Escapes fewer characters than strconv.Quote (cel-go ext/strings.go). */
const quote = (value: string): string =>
  // oxlint-disable-next-line no-control-regex -- control characters are what is escaped
  `"${value.toWellFormed().replaceAll(/[\u0007\b\f\n\r\t\v\\"]/g, (char) => GO_ESCAPES[char] ?? char)}"`;

function joinTexts(items: CelList, by: string): string {
  const texts = [...items].map((item) =>
    typeof item === 'string' ? item : fail(`join: invalid input: ${String(item)}`),
  );
  return texts.join(by);
}

/** Space as Go's unicode.IsSpace; JavaScript's trim also takes the byte order mark, and not U+0085. */
function trim(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isSpace(value.charCodeAt(start))) start += 1;
  while (end > start && isSpace(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isSpace(code: number): boolean {
  if (code === 0x85) return true;
  return code !== 0xfeff && String.fromCharCode(code).trim() === '';
}

const STANDARD: readonly Declaration[] = [
  ['contains', 'contains_string', 'string.(string) -> bool', ([a, b]) => text(a).includes(text(b))],
  ['endsWith', 'ends_with_string', 'string.(string) -> bool', ([a, b]) => text(a).endsWith(text(b))],
  ['startsWith', 'starts_with_string', 'string.(string) -> bool', ([a, b]) => text(a).startsWith(text(b))],
  [
    'matches',
    'matches',
    '(string, string) -> bool',
    ([value, pattern], evaluation) =>
      patternFor(text(value), text(pattern), evaluation).matcher(text(value)).find(),
  ],
  [
    'matches',
    'matches_string',
    'string.(string) -> bool',
    ([value, pattern], evaluation) =>
      patternFor(text(value), text(pattern), evaluation).matcher(text(value)).find(),
  ],
];

const EXTENSION: readonly Declaration[] = [
  [
    'charAt',
    'string_char_at_int',
    'string.(int) -> string',
    ([value, index]) => charAt(text(value), int(index)),
  ],
  [
    'indexOf',
    'string_index_of_string',
    'string.(string) -> int',
    ([value, part]) => indexOf(text(value), text(part), 0n),
  ],
  [
    'indexOf',
    'string_index_of_string_int',
    'string.(string, int) -> int',
    ([value, part, offset]) => indexOf(text(value), text(part), int(offset)),
  ],
  [
    'lastIndexOf',
    'string_last_index_of_string',
    'string.(string) -> int',
    ([value, part]) => lastIndexOf(text(value), text(part), undefined),
  ],
  [
    'lastIndexOf',
    'string_last_index_of_string_int',
    'string.(string, int) -> int',
    ([value, part, offset]) => lastIndexOf(text(value), text(part), int(offset)),
  ],
  [
    'lowerAscii',
    'string_lower_ascii',
    'string.() -> string',
    ([value]) => text(value).replaceAll(/[A-Z]+/g, (part) => part.toLowerCase()),
  ],
  [
    'upperAscii',
    'string_upper_ascii',
    'string.() -> string',
    ([value]) => text(value).replaceAll(/[a-z]+/g, (part) => part.toUpperCase()),
  ],
  [
    'replace',
    'string_replace_string_string',
    'string.(string, string) -> string',
    ([value, from, to]) => replace(text(value), [text(from), text(to)], -1n),
  ],
  [
    'replace',
    'string_replace_string_string_int',
    'string.(string, string, int) -> string',
    ([value, from, to, limit]) => replace(text(value), [text(from), text(to)], int(limit)),
  ],
  [
    'split',
    'string_split_string',
    'string.(string) -> list(string)',
    ([value, by]) => new CelList(split(text(value), text(by), -1n)),
  ],
  [
    'split',
    'string_split_string_int',
    'string.(string, int) -> list(string)',
    ([value, by, limit]) => new CelList(split(text(value), text(by), int(limit))),
  ],
  [
    'substring',
    'string_substring_int',
    'string.(int) -> string',
    ([value, start]) => substring(text(value), int(start), undefined),
  ],
  [
    'substring',
    'string_substring_int_int',
    'string.(int, int) -> string',
    ([value, start, end]) => substring(text(value), int(start), int(end)),
  ],
  ['trim', 'string_trim', 'string.() -> string', ([value]) => trim(text(value))],
  [
    'format',
    'string_format',
    'string.(list(dyn)) -> string',
    ([value, args], evaluation) => formatText(text(value), args as CelList, evaluation),
  ],
  ['strings.quote', 'strings_quote', '(string) -> string', ([value]) => quote(text(value))],
  ['join', 'list_join', 'list(string).() -> string', ([items]) => joinTexts(items as CelList, '')],
  [
    'join',
    'list_join_string',
    'list(string).(string) -> string',
    ([items, by]) => joinTexts(items as CelList, text(by)),
  ],
];

function findAll(matcher: Matcher, limit: bigint): CelList {
  const found: string[] = [];
  const most = limit < 0n ? Infinity : Number(limit);
  while (found.length < most && matcher.find()) found.push(matcher.group() ?? '');
  return new CelList(found);
}

/** Upstream leaves out an empty match right after another match, as all of Go's regexp does; so does re2js. */
type Matcher = ReturnType<ReturnType<typeof patternFor>['matcher']>;

const PATTERNS: readonly Declaration[] = [
  [
    'find',
    'string_find_string',
    'string.(string) -> string',
    ([value, pattern], evaluation) => {
      const matcher = patternFor(text(value), text(pattern), evaluation).matcher(text(value));
      return matcher.find() ? (matcher.group() ?? '') : '';
    },
  ],
  [
    'findAll',
    'string_find_all_string',
    'string.(string) -> list(string)',
    ([value, pattern], evaluation) =>
      findAll(patternFor(text(value), text(pattern), evaluation).matcher(text(value)), -1n),
  ],
  [
    'findAll',
    'string_find_all_string_int',
    'string.(string, int) -> list(string)',
    ([value, pattern, limit], evaluation) =>
      findAll(patternFor(text(value), text(pattern), evaluation).matcher(text(value)), int(limit)),
  ],
];

export const STRINGS: readonly Declaration[] = [...STANDARD, ...EXTENSION, ...PATTERNS];
