import type { StorageKey, StoredObject } from '../contract/objects.ts';
import { compareKeys } from './key-order.ts';

/** A fuller chunk is split in two: what a change moves stays small, and so does the number of chunks. */
const MOST = 1024;

/**
 * Objects in key order. A change moves one chunk and not all of them, and a part is copied out of the chunks it lies
 * in: neither depends on how many objects there are but for a sum over the chunks.
 */
export class SortedChunks {
  /** None is empty. */
  readonly #chunks: StoredObject[][] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  set(object: StoredObject): void {
    const found = this.#find((key) => compareKeys(key, object.key) >= 0);
    const { chunk, index } = found;
    const there = chunk[index];
    if (there !== undefined && compareKeys(there.key, object.key) === 0) {
      chunk[index] = object;
      return;
    }
    if (this.#length === 0) this.#chunks.push(chunk);
    chunk.splice(index, 0, object);
    this.#length += 1;
    if (chunk.length > MOST) this.#chunks.splice(found.at + 1, 0, chunk.splice(MOST / 2));
  }

  delete(key: StorageKey): void {
    const { chunk, index, at } = this.#find((other) => compareKeys(other, key) >= 0);
    const there = chunk[index];
    if (there === undefined || compareKeys(there.key, key) !== 0) return;
    chunk.splice(index, 1);
    this.#length -= 1;
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  /** How many objects there are before the first whose key fulfils `reached`, which is monotone in the order. */
  rank(reached: (key: StorageKey) => boolean): number {
    const { at, index } = this.#find(reached);
    let before = index;
    for (let i = 0; i < at; i++) before += (this.#chunks[i] as StoredObject[]).length;
    return before;
  }

  /** A copy of the objects of these ranks. */
  slice(from: number, to: number): readonly StoredObject[] {
    const parts: StoredObject[][] = [];
    let before = 0;
    for (const chunk of this.#chunks) {
      if (before >= to) break;
      const [start, end] = [Math.max(from - before, 0), Math.min(to - before, chunk.length)];
      if (start < end) parts.push(chunk.slice(start, end));
      before += chunk.length;
    }
    return parts.length === 1 ? (parts[0] as StoredObject[]) : parts.flat();
  }

  /** Where the first such object is; else where one would be appended. */
  #find(reached: (key: StorageKey) => boolean): { chunk: StoredObject[]; at: number; index: number } {
    const ends = (chunk: StoredObject[]): boolean => reached((chunk.at(-1) as StoredObject).key);
    // Behind all others it goes into the last chunk.
    const at = Math.min(firstIndex(this.#chunks, ends), Math.max(this.#chunks.length - 1, 0));
    const chunk = this.#chunks[at] ?? [];
    return { chunk, at, index: firstIndex(chunk, ({ key }) => reached(key)) };
  }
}

/** The first index whose item fulfils `reached`, which is monotone in the order; the length if none does. */
function firstIndex<T>(items: readonly T[], reached: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
