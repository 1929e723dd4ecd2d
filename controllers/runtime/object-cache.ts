import type { KubeObject } from '#api/machinery/meta';
import { objectKey } from '#api/machinery/meta';

/** What changed about one object: `old` is absent when it is new, `new` when it is gone. */
export type Change<T extends KubeObject> =
  | { key: string; old?: undefined; new: T }
  | { key: string; old: T; new: T }
  | { key: string; old: T; new?: undefined };

export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** Objects by key and by index. What it gives out is shared and frozen: copy before changing. */
export interface ObjectCache<T extends KubeObject> {
  get(key: string): T | undefined;
  all(): readonly T[];
  addIndex(name: string, of: IndexFunction<T>): void;
  /** @throws Error for an index nobody added: a mistake in the program. */
  byIndex(name: string, value: string): readonly T[];
  /** Whether byIndex would give any object. Costs the same for one object as for a hundred thousand. */
  isIndexed(name: string, value: string): boolean;
  /** Puts one object in, or takes it out, and says what that changed; undefined for nothing. */
  put(object: T): Change<T> | undefined;
  remove(object: T): Change<T> | undefined;
  /** Makes the cache hold exactly `objects`. */
  replace(objects: readonly T[]): Change<T>[];
}

interface Index<T extends KubeObject> {
  of: IndexFunction<T>;
  keys: Map<string, Set<string>>;
}

export function createObjectCache<T extends KubeObject>(): ObjectCache<T> {
  const objects = new Map<string, T>();
  const indexes = new Map<string, Index<T>>();
  const set = (key: string, next: T | undefined): Change<T> | undefined => {
    const old = objects.get(key);
    // The same revision is the same object: a new list repeats what did not change.
    if (old === undefined && next === undefined) return undefined;
    if (next !== undefined && old !== undefined && sameRevision(old, next)) return undefined;
    if (next === undefined) objects.delete(key);
    else objects.set(key, freeze(next));
    for (const index of indexes.values()) reindex(index, key, { old, next });
    return {
      key,
      ...(old === undefined ? {} : { old }),
      ...(next === undefined ? {} : { new: next }),
    } as Change<T>;
  };
  const keysAt = (name: string, value: string): ReadonlySet<string> | undefined => {
    const index = indexes.get(name);
    if (index === undefined) throw new Error(`no index ${JSON.stringify(name)} was added`);
    return index.keys.get(value);
  };

  return {
    get: (key) => objects.get(key),
    all: () => [...objects.values()],
    addIndex(name, of) {
      const index: Index<T> = { of, keys: new Map() };
      indexes.set(name, index);
      for (const [key, object] of objects) reindex(index, key, { old: undefined, next: object });
    },
    byIndex: (name, value) => [...(keysAt(name, value) ?? [])].flatMap((key) => objects.get(key) ?? []),
    isIndexed: (name, value) => keysAt(name, value) !== undefined,
    put: (object) => set(objectKey(object.metadata), object),
    remove: (object) => set(objectKey(object.metadata), undefined),
    replace(list) {
      const next = new Map(list.map((object) => [objectKey(object.metadata), object]));
      const gone = [...objects.keys()].filter((key) => !next.has(key)).map((key) => set(key, undefined));
      const kept = [...next].map(([key, object]) => set(key, object));
      return [...gone, ...kept].filter((change) => change !== undefined);
    },
  };
}

function sameRevision(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}

function reindex<T extends KubeObject>(
  index: Index<T>,
  key: string,
  change: { old: T | undefined; next: T | undefined },
): void {
  for (const value of change.old === undefined ? [] : index.of(change.old)) {
    const keys = index.keys.get(value);
    keys?.delete(key);
    if (keys?.size === 0) index.keys.delete(value);
  }
  for (const value of change.next === undefined ? [] : index.of(change.next)) {
    const keys = index.keys.get(value) ?? new Set();
    index.keys.set(value, keys.add(key));
  }
}

/** A reconciler that changes a cached object would change what all others see; frozen, it throws instead. */
function freeze<V>(value: V): V {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
