import { isJsonObject } from '../machinery/json.ts';
import { compareText } from './value-order.ts';

/** Values as Go's fmt and encoding/json write them: keys of fieldsV1 and messages have to be the same as upstream's. */

const entriesInOrder = (map: Record<string, unknown>): [string, unknown][] =>
  Object.entries(map).sort(([left], [right]) => compareText(left, right));

/** Go's encoder writes these as escapes, so that JSON may stand within HTML. */
const ESCAPED = /[<>&\u2028\u2029]/g;

function goJsonString(text: string): string {
  return JSON.stringify(text).replaceAll(
    ESCAPED,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The compact JSON of a value, the keys of maps in order. */
export function goJson(value: unknown): string {
  if (typeof value === 'string') return goJsonString(value);
  if (typeof value === 'number') return JSON.stringify(value).replace(/e-(\d)$/, 'e-0$1');
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (isJsonObject(value))
    return `{${entriesInOrder(value)
      .map(([key, child]) => `${goJsonString(key)}:${goJson(child)}`)
      .join(',')}}`;
  return String(value);
}

/** A float in %v: with an exponent below 0.0001 and from a million on. Whole numbers are int64 in Go. */
function goNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

const QUOTED: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** %q: what does not print is escaped. */
export function goQuoted(text: string): string {
  const escaped = text.replaceAll(/["\\]|\p{C}|(?! )\p{Z}/gu, (found) => {
    const code = found.codePointAt(0) ?? 0;
    if (QUOTED[found] !== undefined) return QUOTED[found];
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff
      ? `\\U${code.toString(16).padStart(8, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
}

/** How a value stands in a path such as `.list[name="a"]`. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return goQuoted(value);
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(valueText).join(',')}]`;
  if (isJsonObject(value))
    return entriesInOrder(value)
      .map(([key, child]) => `${key}=${valueText(child)}`)
      .join('');
  return String(value);
}

/** %v */
export function goValue(value: unknown): string {
  if (value === null) return '<nil>';
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isJsonObject(value))
    return `map[${entriesInOrder(value)
      .map(([key, child]) => `${key}:${goValue(child)}`)
      .join(' ')}]`;
  return String(value);
}

/** %#v */
export function goSyntax(value: unknown): string {
  if (value === null) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuoted(value);
  if (typeof value === 'number') return goNumber(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isJsonObject(value))
    return `map[string]interface {}{${entriesInOrder(value)
      .map(([key, child]) => `${goQuoted(key)}:${goSyntax(child)}`)
      .join(', ')}}`;
  return String(value);
}

/** %T */
export function goType(value: unknown): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int64';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'int64' : 'float64';
  if (value === null) return '<nil>';
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}';
}
