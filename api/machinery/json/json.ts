/**
 * JSON as Kubernetes clients mean it: whole numbers of 64 bits survive. A number that a double cannot hold becomes
 * a bigint and is written back digit for digit; everything else is what JSON.parse makes of it
 * (kube-apiserver keeps int64 and turns larger numbers into floats).
 */

/** Only texts with so many digits in a row can hold a whole number that a double cannot. */
const MAY_HOLD_BIG = /\d{16}/;
const WHOLE = /^-?\d{16,}$/;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/** @throws SyntaxError */
export function parseJsonText(text: string): unknown {
  return MAY_HOLD_BIG.test(text) ? JSON.parse(text, exactNumber) : JSON.parse(text);
}

function exactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined || !WHOLE.test(source)) return value;
  const exact = BigInt(source);
  return exact >= MIN_INT64 && exact <= MAX_INT64 ? exact : value;
}

/** The text of a value that parseJsonText gave, or that was made of such values. */
export function jsonText(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    // Only bigints make it throw on a tree; looking for them first would cost every other write.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, rawBigint, indent);
  }
}

/** Of ES2026, which the compiler does not know yet. */
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown };

function rawBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(value.toString()) : value;
}

/** A decoded JSON object of a client; its keys may be anything, `__proto__` included. */
export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of a value of unknown form: none, unless it is an object. */
export function fieldsOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
