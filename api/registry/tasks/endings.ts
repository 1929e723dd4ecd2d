import type { Unstructured } from '../../machinery/meta.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { storageResource } from '../resource.ts';
import type { Target } from '../resource.ts';
import { isStorageError } from '../storage-failure.ts';

/** The ending of one object, for one who waits for it; to be disposed of. */
export interface Ending extends Disposable {
  /** Aborts when the object has ended, is deleted or made again, and when it can no longer be watched. */
  readonly signal: AbortSignal;
  /** @throws StorageError where it aborted because the object could not be watched */
  check(): void;
}

interface Watched {
  ended: AbortController;
  /** Aborted when nobody waits. */
  leave: AbortController;
  waiting: number;
  failure?: { error: unknown };
}

export interface EndingsOptions {
  store: Pick<ObjectStore, 'list' | 'watch'>;
  /** Whether an object has come to its end. */
  hasEnded: (object: Unstructured) => boolean;
}

/** Tells when objects of a kind end: one watch of each, by its name, however many wait for it. */
export class Endings {
  readonly #options: EndingsOptions;
  /** By the uid of the object. */
  readonly #watched = new Map<string, Watched>();

  constructor(options: EndingsOptions) {
    this.#options = options;
  }

  /** How many objects are watched. */
  get count(): number {
    return this.#watched.size;
  }

  of(target: Target, uid: string): Ending {
    const watched = this.#watched.get(uid) ?? this.#begin(target, uid);
    watched.waiting += 1;
    return {
      signal: watched.ended.signal,
      check() {
        if (watched.failure !== undefined) throw watched.failure.error;
      },
      [Symbol.dispose]: () => {
        watched.waiting -= 1;
        if (watched.waiting > 0) return;
        watched.leave.abort();
        this.#forget(uid, watched);
      },
    };
  }

  #begin(target: Target, uid: string): Watched {
    const watched: Watched = { ended: new AbortController(), leave: new AbortController(), waiting: 0 };
    this.#watched.set(uid, watched);
    void untilOver(this.#options, { target, uid, signal: watched.leave.signal })
      .catch((error: unknown) => {
        watched.failure = { error };
      })
      .finally(() => {
        // Who comes from now on looks at the object again.
        this.#forget(uid, watched);
        watched.ended.abort();
      });
    return watched;
  }

  #forget(uid: string, watched: Watched): void {
    if (this.#watched.get(uid) === watched) this.#watched.delete(uid);
  }
}

interface Wanted {
  target: Target;
  uid: string;
  signal: AbortSignal;
}

async function untilOver(
  { store, hasEnded }: EndingsOptions,
  { target, uid, signal }: Wanted,
): Promise<void> {
  const { namespace, name } = target;
  const query = { resource: storageResource(target.resource), namespace, name };
  while (!signal.aborted) {
    const { items, revision } = await store.list(query);
    const found = items[0]?.object;
    if (found === undefined || found.metadata.uid !== uid || hasEnded(found)) return;
    try {
      for await (const events of store.watch({ ...query, after: revision, signal })) {
        const mine = events.findLast((event) => event.object.object.metadata.uid === uid);
        if (mine !== undefined && (mine.type === 'DELETED' || hasEnded(mine.object.object))) return;
      }
    } catch (error) {
      if (!isStorageError(error, 'TooSlow') && !isStorageError(error, 'Compacted')) throw error;
    }
  }
}
