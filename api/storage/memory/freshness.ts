import type { Clock } from '../../machinery/clock.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { RevisionTables } from '../driver/revision-tables.ts';
import type { Follower } from '../commits/follower.ts';
import type { Memory } from './memory.ts';

export interface FreshnessOptions {
  memory: Memory;
  follower: Follower;
  clock: Clock;
  /** False when this process is the only writer: then memory is behind only after a commit of unknown outcome. */
  shared: boolean;
  readRevision: RevisionTables['revision'];
  /** How long a read waits for a revision, in milliseconds; kube-apiserver waits 3 s. */
  waitMs: number;
}

type Newest = Awaited<ReturnType<RevisionTables['revision']>>;

/** Makes a read from memory as new as it has to be. */
export class Freshness {
  readonly #options: FreshnessOptions;
  #reading: Promise<Newest> | undefined;
  #next: Promise<Newest> | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Resolves when memory has every write that any replica acknowledged before the call. */
  async newest(): Promise<void> {
    const { shared, follower, memory } = this.#options;
    if (!shared) {
      if (follower.inDoubt) await follower.catchUp();
      return;
    }
    const known = memory.revision;
    const { current, commitId } = await this.#currentRevision();
    // The database has forgotten revisions that it gave out: the follower finds out what there is now.
    const elsewhere =
      current < known || (current === memory.revision && commitId !== memory.position.commitId);
    if (elsewhere) await follower.catchUp();
    else await this.reached(current);
  }

  /** Resolves when memory has the revision. Throws StorageError FutureRevision when it does not come in time. */
  async reached(revision: number): Promise<void> {
    const { memory, follower, shared } = this.#options;
    if (memory.revision >= revision) return;
    if (shared) await follower.catchUp();
    if (memory.revision >= revision) return;
    await this.#wait(revision);
  }

  #wait(revision: number): Promise<void> {
    const { memory, clock, waitMs } = this.#options;
    return new Promise((resolve, reject) => {
      const stopWaiting = memory.onReached(revision, () => {
        stopTimer();
        resolve();
      });
      const stopTimer = clock.after(waitMs, () => {
        stopWaiting();
        const have = memory.revision;
        reject(
          new StorageError('FutureRevision', `Too large resource version: ${revision}, current: ${have}`),
        );
      });
    });
  }

  /**
   * Concurrent readers share one query, but only a query that starts after they came: one already under way
   * may have missed a write that was acknowledged since.
   */
  #currentRevision(): Promise<Newest> {
    if (this.#reading === undefined) {
      this.#reading = this.#options.readRevision().finally(() => {
        this.#reading = undefined;
      });
      return this.#reading;
    }
    this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#currentRevision();
      });
    return this.#next;
  }
}
