import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { forbidden, invalidValue } from '../../structural-schema/field-error.ts';
import type { JsonObject } from '../../machinery/json/json.ts';

/** What ConfigMaps and Secrets have in common (apimachinery util/validation IsConfigMapKey, core/validation). */

/** core/v1 MaxSecretSize: all values together, in bytes. */
export const MAX_DATA_BYTES = 1024 * 1024;

const KEY = /^[-._a-zA-Z0-9]+$/;
const MAX_KEY = 253;
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

export function configKeyProblems(field: string, key: string): StatusCause[] {
  const problems = [
    ...(key.length > MAX_KEY ? [`must be no more than ${MAX_KEY} bytes`] : []),
    ...(KEY.test(key) ? [] : [KEY_TEXT]),
    ...(key === '.' ? [`must not be '.'`] : []),
    ...(key === '..' ? [`must not be '..'`] : []),
    ...(key.startsWith('..') && key !== '..' ? [`must not start with '..'`] : []),
  ];
  return problems.map((problem) => invalidValue(`${field}[${key}]`, key, problem));
}

const FROZEN = 'field is immutable when `immutable` is set';

/** An object with `immutable: true` keeps it, and its data. Shows no values. */
export function frozenProblems(
  names: readonly string[],
  before: JsonObject,
  after: JsonObject,
): StatusCause[] {
  if (before['immutable'] !== true) return [];
  const changed = names.filter((name) => !deepEqual(before[name] ?? {}, after[name] ?? {}));
  return [...(after['immutable'] === true ? [] : ['immutable']), ...changed].map((name) =>
    forbidden(name, FROZEN),
  );
}

/** The bytes that a base64 text stands for. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}
