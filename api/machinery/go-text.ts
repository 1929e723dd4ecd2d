import { compareBytes } from './byte-order.ts';
import { isJsonObject } from './json/json.ts';

/** Values as Go's fmt, strconv and encoding/json write them: texts of kube-apiserver have to be the same here. */

/** The characters that Go's escapes have a letter for. */
export const GO_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': String.raw`\a`,
  '\b': String.raw`\b`,
  '\f': String.raw`\f`,
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '\v': String.raw`\v`,
  '"': String.raw`\"`,
  '\\': '\\\\',
};

/** Characters that strconv.Quote escapes: quotes, backslashes and those that strconv.IsPrint denies. */
const ESCAPED = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** strconv.Quote, which is %q. */
export function goQuote(text: string): string {
  return `"${text.replaceAll(ESCAPED, escaped)}"`;
}

function escaped(character: string): string {
  const known = GO_ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return String.raw`\x${hex(code, 2)}`;
  return code > 0xffff ? String.raw`\U${hex(code, 8)}` : String.raw`\u${hex(code, 4)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** %v of a float64: the shortest digits, with an exponent of two digits from a million on and below 0.0001. */
export function goFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  // Both languages write the shortest digits that read back the same; Go uses an exponent much earlier.
  if (power >= -4 && power < 6) return value.toString();
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${Math.abs(power).toString().padStart(2, '0')}`;
}

/** %v of a number as kube-apiserver decodes it: an int64 when it is one, else a float64. */
export function goNumber(value: bigint | number): string {
  return isInt64(value) ? value.toString() : goFloat(Number(value));
}

/**
 * Whether kube-apiserver holds the number as an int64. 1.0 counts, JavaScript cannot tell it from 1; a whole number
 * that a double cannot hold is a bigint here (parseJsonText) unless it is beyond int64.
 */
export function isInt64(value: bigint | number): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/**
 * encoding/json: keys in the order of their bytes, and `<`, `>`, `&` escaped so that the text may stand within HTML.
 * @param numberText how a number is written; other encoders of Go differ in exponents
 */
export function goJson(value: unknown, numberText: (number: number) => string = JSON.stringify): string {
  if (typeof value === 'string') return goJsonString(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return numberText(value);
  if (Array.isArray(value)) return `[${value.map((one) => goJson(one, numberText)).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? 'null';
  const entries = entriesInOrder(value);
  return `{${entries.map(([name, one]) => `${goJsonString(name)}:${goJson(one, numberText)}`).join()}}`;
}

function goJsonString(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => String.raw`\u${hex(character.charCodeAt(0), 4)}`,
  );
}

/** The entries of a map as Go's fmt and encoding/json go through them. */
export function entriesInOrder(map: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(map).sort(([left], [right]) => compareBytes(left, right));
}

/** %v */
export function goValue(value: unknown): string {
  if (value === null) return '<nil>';
  if (isNumber(value)) return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (!isJsonObject(value)) return String(value);
  const entries = entriesInOrder(value).map(([key, child]) => `${key}:${goValue(child)}`);
  return `map[${entries.join(' ')}]`;
}

/** %#v */
export function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (isNumber(value)) return goNumber(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (!isJsonObject(value)) return String(value);
  const entries = entriesInOrder(value).map(([key, child]) => `${goQuote(key)}:${goSyntax(child)}`);
  return `map[string]interface {}{${entries.join(', ')}}`;
}

/** %T */
export function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (isNumber(value)) return isInt64(value) ? 'int64' : 'float64';
  if (value === null) return '<nil>';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}

const isNumber = (value: unknown): value is bigint | number =>
  typeof value === 'number' || typeof value === 'bigint';
