import type { Clock } from '../machinery/clock.ts';
import { StorageError } from './contract.ts';
import type { RevisionState } from './contract.ts';
import type { Follower } from './follower.ts';
import type { Memory } from './memory.ts';

export interface FreshnessOptions {
  memory: Memory;
  follower: Follower;
  clock: Clock;
  /** False when this process is the only writer: then memory is behind only after a commit of unknown outcome. */
  shared: boolean;
  readRevision(): Promise<RevisionState>;
  /** Called when the database has forgotten revisions that it gave out; the store must stop. */
  onWentBack(error: unknown): void;
  /** How long a read waits for a revision, in milliseconds; kube-apiserver waits 3 s. */
  waitMs: number;
}

/** Makes a read from memory as new as it has to be. */
export class Freshness {
  readonly #options: FreshnessOptions;
  #reading: Promise<number> | undefined;
  #next: Promise<number> | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  /** Resolves when memory has every write that any replica acknowledged before the call. */
  async newest(): Promise<void> {
    const { shared, follower } = this.#options;
    if (!shared) {
      if (follower.inDoubt) await follower.catchUp();
      return;
    }
    const revision = await this.#currentRevision();
    await this.reached(revision);
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
  #currentRevision(): Promise<number> {
    if (this.#reading === undefined) {
      this.#reading = this.#readRevision().finally(() => {
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

  /**
   * A backup that was restored, or a fail-over that lost commits, gives old numbers to new writes: memory would go
   * on with states that no longer exist, and skip the new ones.
   */
  async #readRevision(): Promise<number> {
    const { memory, readRevision, onWentBack } = this.#options;
    const known = memory.revision;
    const { current } = await readRevision();
    if (current >= known) return current;
    const error = new Error(`the database went back from revision ${known} to ${current}`);
    onWentBack(error);
    throw new StorageError('Closed', error.message);
  }
}
