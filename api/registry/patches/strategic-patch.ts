import { badRequest } from '../../machinery/status-error.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { elementsOf, mergeLists, orderedAs } from './strategic-lists.ts';
import { discardNulls, withoutDirectives } from './strategic-values.ts';

/**
 * Strategic merge patch of built-in kinds (apimachinery util/strategicpatch): a merge patch in which lists merge by
 * the key that the schema names, and directives say what a value alone cannot.
 */

const DIRECTIVE = '$patch';
const RETAIN_KEYS = '$retainKeys';
const SET_ORDER = '$setElementOrder';
const DELETE_FROM_LIST = '$deleteFromPrimitiveList';

/** Deeper nesting than any manifest; keeps a hostile body from exhausting the stack. */
const MAX_DEPTH = 500;

/** metadata is in no schema of a kind: these are ObjectMeta's own lists that merge. */
const METADATA: StructuralSchema = {
  properties: {
    finalizers: { 'x-kubernetes-patch-strategy': 'merge' },
    ownerReferences: { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'uid' },
  },
};

/**
 * A new object; `object` stays as it was.
 * @throws StatusError BadRequest or Invalid for directives that make no sense
 */
export function applyStrategicPatch<T extends object>(
  schema: StructuralSchema,
  object: T,
  patch: unknown,
): T {
  if (!isJsonObject(patch)) throw badRequest('a strategic merge patch must be a JSON object');
  const whole = { ...schema, properties: { ...schema.properties, metadata: METADATA } };
  return mergeMaps(object as unknown as JsonObject, patch, { schema: whole, depth: 0 }) as T;
}

export interface MergePlace {
  schema: StructuralSchema | undefined;
  depth: number;
}

/** @throws StatusError */
export function mergeMaps(original: JsonObject, patch: JsonObject, place: MergePlace): JsonObject {
  if (place.depth > MAX_DEPTH) throw badRequest(`the patch is nested more than ${MAX_DEPTH} levels deep`);
  if (Object.hasOwn(patch, DIRECTIVE)) return replaced(patch);
  const merged = new Map(Object.entries(retained(original, patch)));
  const ordered = mergeOrderedLists(merged, patch, place);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN_KEYS || key.startsWith(SET_ORDER) || ordered.has(key)) continue;
    if (key.startsWith(DELETE_FROM_LIST)) removeItems(merged, directiveTarget(key, DELETE_FROM_LIST), value);
    else mergeField(merged, { key, value }, place);
  }
  // Not assigned one by one: a key may be __proto__.
  return Object.fromEntries(merged);
}

/** `$patch: replace` or `delete` stand for the whole map. */
function replaced({ [DIRECTIVE]: directive, ...rest }: JsonObject): JsonObject {
  if (directive === 'replace') return rest;
  if (directive === 'delete') return {};
  throw malformed('unknown patch type found');
}

function mergeField(
  merged: Map<string, unknown>,
  { key, value }: { key: string; value: unknown },
  place: MergePlace,
): void {
  if (value === null) {
    merged.delete(key);
    return;
  }
  const schema = fieldSchema(place.schema, key);
  const original = merged.get(key);
  const strategy = schema?.['x-kubernetes-patch-strategy'];
  if (isJsonObject(value) && isJsonObject(original)) {
    const inner = { schema, depth: place.depth + 1 };
    merged.set(key, strategy === 'replace' ? value : mergeMaps(original, value, inner));
  } else if (Array.isArray(value) && Array.isArray(original)) {
    merged.set(key, strategy === 'merge' ? mergeLists(original, value, listPlace(schema, place)) : value);
  } else {
    setNew(merged, key, value);
  }
}

/** A value that replaces nothing of its type; its directives have nothing to act on. */
function setNew(merged: Map<string, unknown>, key: string, value: unknown): void {
  const plain = withoutDirectives(discardNulls(value));
  if (plain === undefined) merged.delete(key);
  else merged.set(key, plain);
}

function listPlace(schema: StructuralSchema | undefined, { depth }: MergePlace) {
  return {
    mergeKey: schema?.['x-kubernetes-patch-merge-key'],
    mergeItems: (original: JsonObject, patch: JsonObject) =>
      mergeMaps(original, patch, { schema: schema?.items, depth: depth + 1 }),
  };
}

function fieldSchema(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  const { properties, additionalProperties } = schema ?? {};
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** What `$retainKeys` leaves of the original: the fields of a union that are not set any more go. */
function retained(original: JsonObject, patch: JsonObject): JsonObject {
  if (!Object.hasOwn(patch, RETAIN_KEYS)) return original;
  const list = patch[RETAIN_KEYS];
  if (!Array.isArray(list)) throw malformed(RETAIN_TEXT);
  const kept = new Set<unknown>(list);
  for (const [key, value] of Object.entries(patch)) {
    const counts = value !== null && !key.startsWith('$');
    if (counts && !kept.has(key)) throw malformed(RETAIN_TEXT);
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => kept.has(key)));
}

const RETAIN_TEXT = 'invalid patch format of retainKeys';
const ORDER_TEXT = 'invalid patch format of setElementOrder list';

/** The lists whose order `$setElementOrder/NAME` gives. Returns their names: they are done. */
function mergeOrderedLists(
  merged: Map<string, unknown>,
  patch: JsonObject,
  place: MergePlace,
): ReadonlySet<string> {
  const done = new Set<string>();
  for (const [directive, order] of Object.entries(patch)) {
    if (!directive.startsWith(SET_ORDER)) continue;
    const key = directiveTarget(directive, SET_ORDER);
    if (!Array.isArray(order)) throw malformed(ORDER_TEXT);
    const original = listAt(merged.get(key));
    const change = listAt(Object.hasOwn(patch, key) ? patch[key] : undefined);
    if (original === undefined && change === undefined) continue;
    const schema = fieldSchema(place.schema, key);
    const list = listPlace(schema, place);
    const lists = { original, change, order, strategy: schema?.['x-kubernetes-patch-strategy'] };
    merged.set(key, orderedAs(lists, list));
    done.add(key);
  }
  return done;
}

function listAt(value: unknown): unknown[] | undefined {
  if (value === undefined) return undefined;
  return elementsOf(value);
}

/** `$deleteFromPrimitiveList/NAME` takes single values out of a list. */
function removeItems(merged: Map<string, unknown>, key: string, values: unknown): void {
  const original = merged.get(key);
  if (!Array.isArray(original)) return;
  if (!Array.isArray(values)) throw malformed('invalid patch format of primitive list');
  const removed = new Set<unknown>(values);
  merged.set(
    key,
    original.filter((one) => !removed.has(one)),
  );
}

function directiveTarget(directive: string, prefix: string): string {
  const slash = directive.indexOf('/');
  if (slash === prefix.length) return directive.slice(slash + 1);
  throw malformed(prefix === SET_ORDER ? ORDER_TEXT : 'invalid patch format of primitive list');
}

function malformed(message: string): StatusError {
  return badRequest(message);
}
