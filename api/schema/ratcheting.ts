import { deepEqual } from '../machinery/json/deep-equal.ts';
import { canonicalText } from './list-type.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';

/**
 * Which value before an update belongs to one after it, and whether they are the same (apiserver pkg/cel/common
 * equality.go): fields by their names, items of lists of type map by their keys. What has no schema does not correlate.
 */

/** Finds the item before the update for one after it; undefined where items do not correlate. */
export function previousItems(
  schema: StructuralSchema,
  previous: unknown,
): ((item: unknown) => unknown) | undefined {
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys.length === 0 || !Array.isArray(previous))
    return undefined;
  const byKey = new Map<string, unknown>();
  for (const item of previous) {
    const key = keyOf(item, keys);
    if (key !== undefined && !byKey.has(key)) byKey.set(key, item);
  }
  return (item) => {
    const key = keyOf(item, keys);
    return key === undefined ? undefined : byKey.get(key);
  };
}

function keyOf(item: unknown, keys: string[]): string | undefined {
  if (!isJsonObject(item)) return undefined;
  const values = keys.map((key) => (Object.hasOwn(item, key) ? item[key] : undefined));
  const scalar = values.every((value) => value !== undefined && value !== null && typeof value !== 'object');
  return scalar ? canonicalText(values) : undefined;
}

/** Whether nothing changed; the order of a list of type map does not count. */
export function equalsPrevious(schema: StructuralSchema, value: unknown, previous: unknown): boolean {
  if (Array.isArray(value))
    return Array.isArray(previous) && value.length === previous.length && equalItems(schema, value, previous);
  if (isJsonObject(value)) return isJsonObject(previous) && equalFields(schema, value, previous);
  return deepEqual(value, previous);
}

function equalItems(schema: StructuralSchema, value: unknown[], previous: unknown[]): boolean {
  const before = previousItems(schema, previous);
  const { items } = schema;
  if (before === undefined || items === undefined) return deepEqual(value, previous);
  return value.every((item) => {
    const old = before(item);
    return old !== undefined && equalsPrevious(items, item, old);
  });
}

function equalFields(schema: StructuralSchema, value: JsonObject, previous: JsonObject): boolean {
  const names = Object.keys(value);
  if (names.length !== Object.keys(previous).length) return false;
  return names.every((name) => {
    const child = schemaOf(schema, name);
    return (
      child !== undefined &&
      Object.hasOwn(previous, name) &&
      equalsPrevious(child, value[name], previous[name])
    );
  });
}

function schemaOf(schema: StructuralSchema, name: string): StructuralSchema | undefined {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name))
    return schema.properties[name];
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : undefined;
}
