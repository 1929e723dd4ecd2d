import type { StorageKey, StoreEvent } from '../contract/objects.ts';
import type { Watcher } from './watcher.ts';

/** A watcher and the keys that it is told about. */
export interface WatcherEntry {
  namespace: string | undefined;
  name: string | undefined;
  watcher: Watcher;
}

export function isWanted(
  key: StorageKey,
  { namespace, name }: { namespace?: string | undefined; name?: string | undefined },
): boolean {
  return (
    (name === undefined || key.name === name) && (namespace === undefined || key.namespace === namespace)
  );
}

/** The watchers of one resource, found by what they want: an event costs nothing to those it is not for. */
export class WatcherIndex {
  readonly #ofAll = new Set<WatcherEntry>();
  readonly #byNamespace = new Map<string, Set<WatcherEntry>>();
  readonly #byName = new Map<string, Set<WatcherEntry>>();

  add(entry: WatcherEntry): void {
    if (entry.name !== undefined) addTo(this.#byName, entry.name, entry);
    else if (entry.namespace !== undefined) addTo(this.#byNamespace, entry.namespace, entry);
    else this.#ofAll.add(entry);
  }

  delete(entry: WatcherEntry): void {
    if (entry.name !== undefined) deleteFrom(this.#byName, entry.name, entry);
    else if (entry.namespace !== undefined) deleteFrom(this.#byNamespace, entry.namespace, entry);
    else this.#ofAll.delete(entry);
  }

  *[Symbol.iterator](): Generator<WatcherEntry> {
    yield* this.#ofAll;
    for (const entries of this.#byNamespace.values()) yield* entries;
    for (const entries of this.#byName.values()) yield* entries;
  }

  /**
   * Gives each watcher what it wants of the events; those who want the same get the same array. Returns how many
   * watchers got something.
   */
  push(events: readonly StoreEvent[]): number {
    for (const { watcher } of this.#ofAll) watcher.push(events);
    return this.#ofAll.size + this.#pushByNamespace(events) + this.#pushByName(events);
  }

  #pushByNamespace(events: readonly StoreEvent[]): number {
    let count = 0;
    if (this.#byNamespace.size === 0) return count;
    for (const [namespace, some] of Map.groupBy(events, ({ object }) => object.key.namespace)) {
      const entries = this.#byNamespace.get(namespace);
      if (entries === undefined) continue;
      const own = some.length === events.length ? events : some;
      for (const { watcher } of entries) watcher.push(own);
      count += entries.size;
    }
    return count;
  }

  #pushByName(events: readonly StoreEvent[]): number {
    let count = 0;
    if (this.#byName.size === 0) return count;
    for (const [name, some] of Map.groupBy(events, ({ object }) => object.key.name)) {
      for (const entry of this.#byName.get(name) ?? []) {
        const own = some.filter(({ object }) => isWanted(object.key, entry));
        if (own.length === 0) continue;
        entry.watcher.push(own);
        count += 1;
      }
    }
    return count;
  }
}

function addTo(index: Map<string, Set<WatcherEntry>>, key: string, entry: WatcherEntry): void {
  const entries = index.get(key);
  if (entries === undefined) index.set(key, new Set([entry]));
  else entries.add(entry);
}

function deleteFrom(index: Map<string, Set<WatcherEntry>>, key: string, entry: WatcherEntry): void {
  const entries = index.get(key);
  entries?.delete(entry);
  if (entries?.size === 0) index.delete(key);
}
