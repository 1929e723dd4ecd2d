import { isFinalTaskStatus } from '../../types/task.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { storageResource } from '../resource.ts';
import type { Target } from '../resource.ts';
import { isStorageError } from '../storage-failure.ts';

/** Whether the Task has ended. */
export function isFinal(task: Unstructured): boolean {
  const status = task['status'] as { status?: unknown } | undefined;
  return typeof status?.status === 'string' && isFinalTaskStatus(status.status);
}

/** One Task's ending, for one who waits for it; to be disposed of. */
export interface TaskEnding extends Disposable {
  /** Aborts when the Task is final, deleted or made again, and when it can no longer be watched. */
  readonly signal: AbortSignal;
  /** @throws StorageError where it aborted because the Task could not be watched */
  check(): void;
}

interface Watched {
  ended: AbortController;
  /** Aborted when nobody waits. */
  leave: AbortController;
  waiting: number;
  failure?: { error: unknown };
}

/** Tells when Tasks end: one watch of each Task, by its name, however many wait for it. */
export class TaskEndings {
  readonly #store: Pick<ObjectStore, 'list' | 'watch'>;
  /** By the uid of the Task. */
  readonly #watched = new Map<string, Watched>();

  constructor(options: { store: Pick<ObjectStore, 'list' | 'watch'> }) {
    this.#store = options.store;
  }

  /** How many Tasks are watched. */
  get count(): number {
    return this.#watched.size;
  }

  of(target: Target, uid: string): TaskEnding {
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
    void untilFinal(this.#store, { target, uid, signal: watched.leave.signal })
      .catch((error: unknown) => {
        watched.failure = { error };
      })
      .finally(() => {
        // Who comes from now on looks at the Task again.
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

async function untilFinal(
  store: Pick<ObjectStore, 'list' | 'watch'>,
  { target, uid, signal }: Wanted,
): Promise<void> {
  const { namespace, name } = target;
  const query = { resource: storageResource(target.resource), namespace, name };
  while (!signal.aborted) {
    const { items, revision } = await store.list(query);
    const task = items[0]?.object;
    if (task === undefined || task.metadata.uid !== uid || isFinal(task)) return;
    try {
      for await (const events of store.watch({ ...query, after: revision, signal })) {
        const mine = events.findLast((event) => event.object.object.metadata.uid === uid);
        if (mine !== undefined && (mine.type === 'DELETED' || isFinal(mine.object.object))) return;
      }
    } catch (error) {
      if (!isStorageError(error, 'TooSlow') && !isStorageError(error, 'Compacted')) throw error;
    }
  }
}
