/**
 * Values as Go prints them into the messages of kube-apiserver (apimachinery pkg/util/validation/field ErrorBody:
 * %v for numbers and booleans, %q for strings, encoding/json for the rest).
 */

const ESCAPES: Record<string, string> = {
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

/** What strconv.Quote does not print as it is: quotes, backslashes and what strconv.IsPrint denies. */
const ESCAPED = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

/** strconv.Quote. */
export function goQuote(text: string): string {
  return `"${text.replaceAll(ESCAPED, escaped)}"`;
}

function escaped(character: string): string {
  const known = ESCAPES[character];
  if (known !== undefined) return known;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return String.raw`\x${hex(code, 2)}`;
  return code > 0xffff ? String.raw`\U${hex(code, 8)}` : String.raw`\u${hex(code, 4)}`;
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

/** `%v` of a float64: the shortest digits, with an exponent of two digits from a million on and below 0.0001. */
export function goFloat(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return value.toString();
  const sign = power < 0 ? '-' : '+';
  return `${mantissa}e${sign}${Math.abs(power).toString().padStart(2, '0')}`;
}

/** `%v` of a number as kube-apiserver decodes it: an int64 when it is one, else a float64. */
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

export function goValue(value: unknown): string {
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number' || typeof value === 'bigint') return goNumber(value);
  return goJson(value);
}

/** encoding/json: keys in order, and nothing that HTML could take for its own. */
export function goJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (Array.isArray(value)) return `[${value.map(goJson).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([name, one]) => `${htmlSafe(JSON.stringify(name))}:${goJson(one)}`).join()}}`;
  }
  return htmlSafe(JSON.stringify(value) ?? 'null');
}

const htmlSafe = (text: string): string =>
  text.replaceAll(/[<>&\u2028\u2029]/g, (character) => String.raw`\u${hex(character.charCodeAt(0), 4)}`);
