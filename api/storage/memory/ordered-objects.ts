import { compareBytes } from '../../machinery/byte-order.ts';
import type { StorageKey, StoredObject } from '../contract/objects.ts';
import { compareKeys, mapKey } from './key-order.ts';
import type { Place } from './key-order.ts';
import { SortedChunks } from './sorted-chunks.ts';

/** A part of a list. */
export interface Page {
  items: readonly StoredObject[];
  /** Objects of the list behind the last of the items. */
  remaining: number;
}

export interface PageQuery {
  namespace?: string | undefined;
  /** Only objects behind this key. */
  after?: Place | undefined;
  limit: number;
}

/**
 * The current objects of one resource. Reads by key are a map look-up; the order is brought up to date when a list is
 * asked for. Lists are copies: they never change after they were handed out, and a whole one is kept for the next
 * reader until something is written.
 */
export class OrderedObjects {
  readonly #current = new Map<string, StoredObject>();
  /** Keys written since the order was brought up to date. */
  readonly #pending = new Map<string, StorageKey>();
  readonly #sorted = new SortedChunks();
  /** Lists that were asked for, by namespace; undefined is all of them. */
  readonly #lists = new Map<string | undefined, readonly StoredObject[]>();

  get(key: Place): StoredObject | undefined {
    return this.#current.get(mapKey(key));
  }

  set(object: StoredObject): void {
    const at = mapKey(object.key);
    this.#current.set(at, object);
    this.#pending.set(at, object.key);
  }

  delete(key: StorageKey): void {
    const at = mapKey(key);
    this.#current.delete(at);
    this.#pending.set(at, key);
  }

  /** In key order. */
  list(namespace?: string): readonly StoredObject[] {
    this.#update();
    let list = this.#lists.get(namespace);
    if (list === undefined) {
      list = this.#sorted.slice(...this.#range(namespace));
      // Readers may ask for any number of namespaces that do not exist.
      if (list.length > 0) this.#lists.set(namespace, list);
    }
    return list;
  }

  /** The same list, from a key on and up to a length. */
  page({ namespace, after, limit }: PageQuery): Page {
    this.#update();
    const [start, end] = this.#range(namespace);
    const behind = after === undefined ? 0 : this.#sorted.rank((key) => compareKeys(key, after) > 0);
    const from = Math.max(start, behind);
    const to = Math.min(from + limit, end);
    return { items: this.#sorted.slice(from, to), remaining: Math.max(end - to, 0) };
  }

  #range(namespace: string | undefined): [from: number, to: number] {
    if (namespace === undefined) return [0, this.#sorted.length];
    return [
      this.#sorted.rank((key) => compareBytes(key.namespace, namespace) >= 0),
      this.#sorted.rank((key) => compareBytes(key.namespace, namespace) > 0),
    ];
  }

  #update(): void {
    if (this.#pending.size === 0) return;
    for (const [at, key] of this.#pending) {
      const object = this.#current.get(at);
      if (object === undefined) this.#sorted.delete(key);
      else this.#sorted.set(object);
    }
    this.#pending.clear();
    this.#lists.clear();
  }
}
