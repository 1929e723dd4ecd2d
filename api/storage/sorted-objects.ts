import { compareBytes } from '../machinery/byte-order.ts';
import type { StorageKey, StoredObject } from './contract.ts';
import { compareKeys } from './key-order.ts';

/** Objects of one resource in key order, as arrays that never change. */

/** What became of a key; undefined means that it is gone. */
export interface KeyChange {
  key: StorageKey;
  object: StoredObject | undefined;
}

/** The sorted objects with each change made; at most one change per key. One pass over both. */
export function mergeChanges(
  before: readonly StoredObject[],
  changes: readonly KeyChange[],
): readonly StoredObject[] {
  const merged: StoredObject[] = [];
  let i = 0;
  for (const change of [...changes].sort((a, b) => compareKeys(a.key, b.key))) {
    let order = -1;
    for (; i < before.length; i++) {
      const old = before[i] as StoredObject;
      order = compareKeys(old.key, change.key);
      if (order >= 0) break;
      merged.push(old);
    }
    if (order === 0 && i < before.length) i++;
    if (change.object !== undefined) merged.push(change.object);
  }
  for (; i < before.length; i++) merged.push(before[i] as StoredObject);
  return merged;
}

/** The objects of one namespace. */
export function namespaceSlice(sorted: readonly StoredObject[], namespace: string): readonly StoredObject[] {
  const start = firstIndex(sorted, (other) => compareBytes(other, namespace) >= 0);
  const end = firstIndex(sorted, (other) => compareBytes(other, namespace) > 0);
  return sorted.slice(start, end);
}

/** The first index whose namespace fulfils `reached`, which is monotone in the order. */
function firstIndex(sorted: readonly StoredObject[], reached: (namespace: string) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(sorted[middle]?.key.namespace ?? '')) high = middle;
    else low = middle + 1;
  }
  return low;
}
