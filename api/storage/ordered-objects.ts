import type { StorageKey, StoredObject } from './contract.ts';
import { compareBytes, compareKeys, mapKey } from './key-order.ts';

/**
 * The current objects of one resource. Reads by key are a map look-up; lists hand out an immutable sorted
 * array, which is brought up to date by one merge at the first list after writes.
 */
export class OrderedObjects {
  readonly #current = new Map<string, StoredObject>();
  /** Keys written since the last merge; undefined means deleted. */
  readonly #pending = new Map<string, { key: StorageKey; object: StoredObject | undefined }>();
  #sorted: readonly StoredObject[] = [];
  /** Parts of `sorted` that were asked for, by namespace. */
  readonly #slices = new Map<string, readonly StoredObject[]>();

  get(key: { namespace: string; name: string }): StoredObject | undefined {
    return this.#current.get(mapKey(key));
  }

  set(object: StoredObject): void {
    const at = mapKey(object.key);
    this.#current.set(at, object);
    this.#pending.set(at, { key: object.key, object });
  }

  delete(key: StorageKey): void {
    const at = mapKey(key);
    this.#current.delete(at);
    this.#pending.set(at, { key, object: undefined });
  }

  /** In key order; never changes after it was handed out. */
  list(namespace?: string): readonly StoredObject[] {
    if (this.#pending.size > 0) this.#merge();
    if (namespace === undefined) return this.#sorted;
    let slice = this.#slices.get(namespace);
    if (slice === undefined) {
      slice = this.#slice(namespace);
      // Readers may ask for any number of namespaces that do not exist.
      if (slice.length > 0) this.#slices.set(namespace, slice);
    }
    return slice;
  }

  #slice(namespace: string): readonly StoredObject[] {
    const start = this.#firstIndex((other) => compareBytes(other, namespace) >= 0);
    const end = this.#firstIndex((other) => compareBytes(other, namespace) > 0);
    return this.#sorted.slice(start, end);
  }

  #merge(): void {
    const changes = [...this.#pending.values()].sort((a, b) => compareKeys(a.key, b.key));
    this.#pending.clear();
    const before = this.#sorted;
    const merged: StoredObject[] = [];
    let i = 0;
    for (const change of changes) {
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
    // Not frozen: V8 copies a frozen array a hundred times slower. The type says readonly.
    this.#sorted = merged;
    this.#slices.clear();
  }

  /** The first index whose namespace fulfils `reached`, which is monotone in the order. */
  #firstIndex(reached: (namespace: string) => boolean): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.#sorted[middle]?.key.namespace ?? '')) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
