import type { StorageKey, StoredObject } from './contract.ts';
import { mapKey } from './key-order.ts';
import { type KeyChange, mergeChanges, namespaceSlice } from './sorted-objects.ts';

/**
 * The current objects of one resource. Reads by key are a map look-up; lists hand out an immutable sorted
 * array, which is brought up to date by one merge at the first list after writes.
 */
export class OrderedObjects {
  readonly #current = new Map<string, StoredObject>();
  /** Keys written since the last merge; undefined means deleted. */
  readonly #pending = new Map<string, KeyChange>();
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
      slice = namespaceSlice(this.#sorted, namespace);
      // Readers may ask for any number of namespaces that do not exist.
      if (slice.length > 0) this.#slices.set(namespace, slice);
    }
    return slice;
  }

  #merge(): void {
    // Not frozen: V8 copies a frozen array a hundred times slower. The type says readonly.
    this.#sorted = mergeChanges(this.#sorted, [...this.#pending.values()]);
    this.#pending.clear();
    this.#slices.clear();
  }
}
