import { badRequest } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { withoutDirectives } from './strategic-values.ts';

/** How lists merge in a strategic merge patch (apimachinery util/strategicpatch mergeSlice, normalizeElementOrder). */
export interface ListPlace {
  /** Absent for lists of single values. */
  mergeKey: string | undefined;
  mergeItems(original: JsonObject, patch: JsonObject): JsonObject;
}

export function elementsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  throw badRequest('a list was expected where the patch gives the order of one');
}

export function mergeLists(original: unknown[], patch: unknown[], place: ListPlace): unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  if (!holdsMaps([...original, ...patch])) return mergeScalars(original, patch);
  const { mergeKey } = place;
  if (mergeKey === undefined) throw badRequest('cannot merge lists without merge key');
  const { kept, changes } = afterDirectives(original as JsonObject[], patch as JsonObject[], mergeKey);
  const merged = new Map<unknown, JsonObject[]>();
  for (const item of kept) append(merged, keyOf(item, mergeKey), item);
  for (const change of changes) {
    const key = keyOf(change, mergeKey);
    const [first, ...others] = merged.get(key) ?? [];
    merged.set(key, first === undefined ? [change] : [place.mergeItems(first, change), ...others]);
  }
  return arranged([...merged.values()].flat(), { order: changes, before: kept, mergeKey });
}

function append(merged: Map<unknown, JsonObject[]>, key: unknown, item: JsonObject): void {
  const found = merged.get(key);
  if (found === undefined) merged.set(key, [item]);
  else found.push(item);
}

/** Items of a list are all maps or all of one other type; lists of lists do not merge. */
function holdsMaps(items: readonly unknown[]): boolean {
  const types = new Set(items.map((item) => (isJsonObject(item) ? 'map' : typeof item)));
  const [type, ...others] = types;
  const isList = items.some((item) => item === null || Array.isArray(item));
  if (others.length > 0 || isList) throw badRequest('list element types are not identical');
  return type === 'map';
}

function mergeScalars(original: unknown[], patch: unknown[]): unknown[] {
  const all = [...new Set([...original, ...patch])];
  return arranged(all, { order: patch, before: original, mergeKey: undefined });
}

/** Takes out what `$patch: delete` items name; `$patch: replace` makes the patch the whole list. */
function afterDirectives(original: JsonObject[], patch: JsonObject[], mergeKey: string) {
  const deleted = new Set<unknown>();
  let isReplaced = false;
  for (const item of patch) {
    if (!Object.hasOwn(item, '$patch')) continue;
    const directive = item['$patch'];
    if (directive === 'delete') deleted.add(keyOf(item, mergeKey));
    else if (directive === 'replace') isReplaced = true;
    else if (directive === 'merge') throw badRequest('merging lists cannot yet be specified in the patch');
    else throw badRequest('unknown patch type found');
  }
  const changes = patch.filter((item) => !Object.hasOwn(item, '$patch'));
  if (isReplaced) return { kept: changes, changes: [] };
  return { kept: original.filter((item) => !deleted.has(item[mergeKey])), changes };
}

function keyOf(item: unknown, mergeKey: string): unknown {
  const key = isJsonObject(item) && Object.hasOwn(item, mergeKey) ? item[mergeKey] : undefined;
  if (key !== undefined && (typeof key !== 'object' || key === null)) return key;
  throw badRequest(`map does not contain declared merge key: ${mergeKey}`);
}

export interface OrderedLists {
  original: unknown[] | undefined;
  change: unknown[] | undefined;
  order: unknown[];
  strategy: string | undefined;
}

/** A list after its changes, arranged as `$setElementOrder` says. */
export function orderedAs(lists: OrderedLists, place: ListPlace): unknown[] {
  const { original, change, order, strategy } = lists;
  const { mergeKey } = place;
  const items = [...(original ?? []), ...(change ?? [])];
  if (items.length === 0) throw badRequest('no elements in any of the given slices');
  if (change !== undefined) checkOrder(change, order, mergeKey);
  if (change === undefined) return arranged(original ?? [], { order, before: original ?? [], mergeKey });
  if (original === undefined) {
    return arranged(withoutDirectives(change) as unknown[], { order, before: [], mergeKey });
  }
  if (strategy !== 'merge') return arranged(change, { order, before: original, mergeKey });
  const merged = mergeLists(original, change, place);
  return arranged(merged, { order, before: formerOrder(original, change, mergeKey), mergeKey });
}

/** Upstream lets new items take the places at the end that deleted ones leave: its lists share their memory. */
function formerOrder(original: unknown[], change: unknown[], mergeKey: string | undefined): unknown[] {
  if (mergeKey === undefined) return original;
  const { kept, changes } = afterDirectives(original as JsonObject[], change as JsonObject[], mergeKey);
  const known = new Set(kept.map((item) => keyOf(item, mergeKey)));
  const added = changes.filter((item) => !known.has(keyOf(item, mergeKey)));
  return [...kept, ...added].slice(0, original.length);
}

/**
 * The items of a patch must come in the order that the patch itself asks for. A directive other than delete counts as
 * in its place, unless the order ends before it (validatePatchWithSetOrderList).
 */
function checkOrder(change: unknown[], order: unknown[], mergeKey: string | undefined): void {
  if (change.length === 0 || order.length === 0) return;
  const named = change.filter((item) => !(isJsonObject(item) && item['$patch'] === 'delete'));
  let next = 0;
  for (const place of order) {
    while (next < named.length && isDirective(named[next])) next += 1;
    if (next < named.length && identity(named[next], mergeKey) === identity(place, mergeKey)) next += 1;
  }
  if (next < named.length) throw badRequest("The order in patch list doesn't match $setElementOrder list");
}

const isDirective = (item: unknown): boolean => isJsonObject(item) && Object.hasOwn(item, '$patch');

const identity = (item: unknown, mergeKey: string | undefined): unknown =>
  mergeKey === undefined ? item : keyOf(item, mergeKey);

interface Arrangement {
  /** As the client wants its items. */
  order: readonly unknown[];
  /** As they were. */
  before: readonly unknown[];
  mergeKey: string | undefined;
}

/**
 * The client's items in the client's order; the others keep theirs, each before the first item of the client that
 * it was before already.
 */
function arranged(items: readonly unknown[], { order, before, mergeKey }: Arrangement): unknown[] {
  const wanted = positions(order, mergeKey);
  const former = positions(before, mergeKey);
  const place = (of: Map<unknown, number>, item: unknown): number => of.get(identity(item, mergeKey)) ?? -1;
  const mine = items.filter((item) => place(wanted, item) >= 0);
  mine.sort((a, b) => place(wanted, a) - place(wanted, b));
  const others = items.filter((item) => place(wanted, item) < 0);
  others.sort((a, b) => place(former, a) - place(former, b));
  return interleaved(others, mine, (item) => place(former, item));
}

function positions(items: readonly unknown[], mergeKey: string | undefined): Map<unknown, number> {
  const found = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const key = identity(item, mergeKey);
    if (!found.has(key)) found.set(key, index);
  }
  return found;
}

/** Takes from `left` only what was before the next of `right`. */
function interleaved(
  left: readonly unknown[],
  right: readonly unknown[],
  was: (item: unknown) => number,
): unknown[] {
  const result: unknown[] = [];
  let next = 0;
  for (const item of right) {
    const goesFirst = (one: unknown): boolean => was(one) >= 0 && was(one) < was(item);
    for (; next < left.length && goesFirst(left[next]); next += 1) result.push(left[next]);
    result.push(item);
  }
  return [...result, ...left.slice(next)];
}
