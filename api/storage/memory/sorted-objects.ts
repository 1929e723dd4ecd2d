import { compareBytes } from '../../machinery/byte-order.ts';
import type { StorageKey, StoredObject } from '../contract/objects.ts';
import { compareKeys } from './key-order.ts';
import type { Page, PageQuery } from './ordered-objects.ts';

/** Objects of one resource in key order, as arrays that never change. */

/** What became of a key; undefined means that it is gone. */
export interface KeyChange {
  key: StorageKey;
  object: StoredObject | undefined;
}

/** The sorted objects with each change made; at most one change per key. */
export function mergeChanges(
  before: readonly StoredObject[],
  changes: readonly KeyChange[],
): readonly StoredObject[] {
  const merged: StoredObject[] = [];
  let copied = 0;
  for (const { key, object } of [...changes].sort((a, b) => compareKeys(a.key, b.key))) {
    const at = firstIndex(before, (other) => compareKeys(other, key) >= 0, copied);
    // What lies between two changes is copied without a look at it: that is what a list after one write costs.
    for (; copied < at; copied++) merged.push(before[copied] as StoredObject);
    const old = before[at];
    if (old !== undefined && compareKeys(old.key, key) === 0) copied += 1;
    if (object !== undefined) merged.push(object);
  }
  for (; copied < before.length; copied++) merged.push(before[copied] as StoredObject);
  return merged;
}

/** The objects of one namespace. */
export function namespaceSlice(sorted: readonly StoredObject[], namespace: string): readonly StoredObject[] {
  const start = firstIndex(sorted, (other) => compareBytes(other.namespace, namespace) >= 0);
  const end = firstIndex(sorted, (other) => compareBytes(other.namespace, namespace) > 0, start);
  return sorted.slice(start, end);
}

/** A part of a sorted list, as OrderedObjects gives it of the present. */
export function pageOf(sorted: readonly StoredObject[], { after, limit }: PageQuery): Page {
  const from = after === undefined ? 0 : firstIndex(sorted, (key) => compareKeys(key, after) > 0);
  const items = sorted.slice(from, from + limit);
  return { items, remaining: Math.max(sorted.length - from - limit, 0) };
}

/** The first index, from `low` on, whose key fulfils `reached`, which is monotone in the order. */
function firstIndex(sorted: readonly StoredObject[], reached: (key: StorageKey) => boolean, low = 0): number {
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached((sorted[middle] as StoredObject).key)) high = middle;
    else low = middle + 1;
  }
  return low;
}
