import { isJsonObject } from '../../machinery/json/json.ts';

/** What becomes of a value of a strategic merge patch where the object has nothing to merge it with. */

/** Without the nulls of maps: there is nothing that they could delete. */
export function discardNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(discardNulls);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, one]) => one !== null);
  return Object.fromEntries(kept.map(([key, one]) => [key, discardNulls(one)]));
}

/** Without maps that carry a `$patch`; undefined when the value is one. */
export function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((one) => one !== undefined);
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, '$patch')) return undefined;
  const kept = Object.entries(value).map(([key, one]) => [key, withoutDirectives(one)] as const);
  return Object.fromEntries(kept.filter(([, one]) => one !== undefined));
}
