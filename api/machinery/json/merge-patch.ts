import { badRequest } from '../status-error.ts';

type JsonObject = Record<string, unknown>;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deeper nesting than any manifest; keeps a hostile body from exhausting the stack. */
const MAX_DEPTH = 500;

/**
 * RFC 7396: null deletes, objects merge, everything else replaces. Returns a new value and leaves `target`
 * as it was; unchanged parts are shared. Nulls in the maps of a list are dropped too, as kube-apiserver's library does.
 * @throws StatusError BadRequest when `patch` is no object
 */
export function applyMergePatch<T extends object>(target: T, patch: unknown): T {
  if (!isObject(patch)) throw badRequest('a merge patch must be a JSON object');
  return mergeObject(target as JsonObject, patch, 0) as T;
}

function mergeObject(target: JsonObject, patch: JsonObject, depth: number): JsonObject {
  if (depth > MAX_DEPTH) throw badRequest(`the patch is nested more than ${MAX_DEPTH} levels deep`);
  const result = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    // An assignment to this name would set the prototype; no field of ours has it.
    if (name === '__proto__') continue;
    if (value === null) delete result[name];
    else if (isObject(value)) {
      const old = Object.hasOwn(result, name) ? result[name] : undefined;
      result[name] = mergeObject(isObject(old) ? old : {}, value, depth + 1);
    } else result[name] = Array.isArray(value) ? withoutNulls(value, depth + 1) : value;
  }
  return result;
}

function withoutNulls(list: readonly unknown[], depth: number): unknown[] {
  if (depth > MAX_DEPTH) throw badRequest(`the patch is nested more than ${MAX_DEPTH} levels deep`);
  return list.map((item) => {
    if (Array.isArray(item)) return withoutNulls(item, depth + 1);
    return isObject(item) ? mergeObject({}, item, depth + 1) : item;
  });
}
