import { isDeepStrictEqual } from 'node:util';

/**
 * The JSON merge patch that `apply` sends (kubectl's three-way merge for kinds without strategic merge): what the
 * new manifest adds or changes, and null for what the last applied one had and the new one has not. Fields that
 * others set, such as status or a controller's labels, are left alone.
 */
export function threeWayMergePatch(states: {
  /** The last applied manifest; undefined when there was none. */
  original: unknown;
  modified: unknown;
  current: unknown;
}): Record<string, unknown> {
  const changes = changed(states.current, states.modified);
  const deletions = removed(states.original, states.modified, states.current);
  return merge(deletions, changes);
}

type Mapping = Record<string, unknown>;

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of `modified` differs from `current`; lists are replaced whole. */
function changed(current: unknown, modified: unknown): Mapping {
  const patch: Mapping = {};
  if (!isMapping(modified)) return patch;
  const before = isMapping(current) ? current : {};
  for (const [key, value] of Object.entries(modified)) {
    const old = Object.hasOwn(before, key) ? before[key] : undefined;
    if (isDeepStrictEqual(old, value)) continue;
    if (isMapping(value) && isMapping(old)) {
      const inner = changed(old, value);
      if (Object.keys(inner).length > 0) set(patch, key, inner);
    } else if (value !== null || old !== undefined) set(patch, key, value);
  }
  return patch;
}

/** Null for each field of `original` that `modified` has not and `current` still has. */
function removed(original: unknown, modified: unknown, current: unknown): Mapping {
  const patch: Mapping = {};
  if (!isMapping(original) || !isMapping(current)) return patch;
  const after = isMapping(modified) ? modified : {};
  for (const [key, value] of Object.entries(original)) {
    if (!Object.hasOwn(current, key)) continue;
    if (!Object.hasOwn(after, key)) set(patch, key, null);
    else if (isMapping(value) && isMapping(after[key])) {
      const inner = removed(value, after[key], current[key]);
      if (Object.keys(inner).length > 0) set(patch, key, inner);
    }
  }
  return patch;
}

function merge(a: Mapping, b: Mapping): Mapping {
  const result = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const old = Object.hasOwn(result, key) ? result[key] : undefined;
    set(result, key, isMapping(old) && isMapping(value) ? merge(old, value) : value);
  }
  return result;
}

/** A manifest may have any key, `__proto__` too. */
function set(target: Mapping, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}
