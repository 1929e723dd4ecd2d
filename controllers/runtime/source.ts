import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { Informer } from './informer.ts';
import type { Change } from './object-cache.ts';
import { controllersOf } from './owned-objects.ts';

/** Where a controller's keys come from. */
export interface Source {
  /** Calls `enqueue` for each key that may need work, until the signal aborts. */
  start(enqueue: (key: string) => void, signal: AbortSignal): void;
}

/** Keys worked out from the changes of an informer. */
export function source<T extends KubeObject>(
  informer: Informer<T>,
  keysOf: (change: Change<T>) => Iterable<string>,
): Source {
  return {
    start(enqueue, signal) {
      const stop = informer.onChange((change) => {
        for (const key of new Set(keysOf(change))) enqueue(key);
      });
      signal.addEventListener('abort', stop, { once: true });
    },
  };
}

/** The changed objects themselves; `when` leaves out changes that need no work. */
export function objects<T extends KubeObject>(
  informer: Informer<T>,
  when: (change: Change<T>) => boolean = () => true,
): Source {
  return source(informer, (change) => (when(change) ? [change.key] : []));
}

/**
 * The owners, of type `owner`, of changed objects: a Task is looked at when one of its Sandboxes changes.
 * The owner before the change is taken too, so that one that lost its dependent learns of it.
 */
export function ownersOf<T extends KubeObject>(informer: Informer<T>, owner: ResourceType): Source {
  return source(informer, (change) => [...ownerKeys(change.old, owner), ...ownerKeys(change.new, owner)]);
}

function ownerKeys(object: KubeObject | undefined, owner: ResourceType): string[] {
  if (object === undefined) return [];
  const { namespace } = object.metadata;
  return controllersOf(object, owner).map(({ name }) =>
    objectKey(owner.namespaced ? { namespace, name } : { name }),
  );
}

/**
 * The objects that refer to a changed one: `index` of the `referrers` holds, for each of them, the keys of what
 * it refers to, whether that exists or not. A Bot is looked at when its Ghost appears, changes or goes.
 */
export function referrersTo<T extends KubeObject, R extends KubeObject>(
  changed: Informer<T>,
  referrers: Informer<R>,
  index: string,
): Source {
  return source(changed, (change) =>
    referrers.byIndex(index, change.key).map(({ metadata }) => objectKey(metadata)),
  );
}

/** True unless only metadata or status changed: what most controllers want of their own kind's changes. */
export function specChanged(change: Change<KubeObject>): boolean {
  return (
    change.old === undefined ||
    change.new === undefined ||
    change.old.metadata.uid !== change.new.metadata.uid ||
    change.old.metadata.generation !== change.new.metadata.generation ||
    change.old.metadata.deletionTimestamp !== change.new.metadata.deletionTimestamp
  );
}

/** Keys that something else than a change asks for. */
export function keysOnDemand(): Source & { add(keys: readonly string[]): void } {
  let enqueue: (key: string) => void = () => undefined;
  return {
    start(given) {
      enqueue = given;
    },
    add: (keys) => keys.forEach((key) => enqueue(key)),
  };
}
