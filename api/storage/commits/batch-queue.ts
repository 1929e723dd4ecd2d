import { StorageError } from '../contract/storage-error.ts';

export interface BatchQueueOptions<T, R> {
  /** One transaction for the items; the results are in their order. */
  run(items: readonly T[]): Promise<readonly R[]>;
  /** Bytes of one item, about. */
  sizeOf(item: T): number;
  /** At most this many items in one batch. */
  maxItems: number;
  /** A batch is closed before it would exceed this; a larger item travels alone. */
  maxBytes: number;
  /** More waiting items than this are refused. */
  maxWaiting: number;
  /** So are items while more bytes than this wait: ten thousand large objects would fill the memory. */
  maxWaitingBytes: number;
}

/**
 * When a batch fails because the database cannot be reached, items that have waited this many milliseconds already fail
 * with it; otherwise each of them would wait out a time limit of its own.
 */
const PATIENCE_MS = 5_000;

interface Waiting<T, R> {
  item: T;
  /** On the clock of performance.now(). */
  since: number;
  bytes: number;
  resolve(result: R): void;
  reject(error: unknown): void;
}

/**
 * Group commit: while one batch is being written the next one gathers, so that the cost of a durable commit
 * (one fsync) is shared. One batch at a time; the items keep their order.
 */
export class BatchQueue<T, R> {
  readonly #options: BatchQueueOptions<T, R>;
  #waiting: Waiting<T, R>[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: BatchQueueOptions<T, R>) {
    this.#options = options;
  }

  /** Resolves with the item's result once its batch is durable; rejects with what `run` threw. */
  add(item: T): Promise<R> {
    if (this.#closed) return Promise.reject(new StorageError('Closed', 'the store is closed'));
    const { maxWaiting, maxWaitingBytes, sizeOf } = this.#options;
    if (this.#waiting.length >= maxWaiting || this.#waitingBytes > maxWaitingBytes) {
      return Promise.reject(new StorageError('Unavailable', 'too many writes are waiting'));
    }
    const bytes = sizeOf(item);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, since: performance.now(), bytes, resolve, reject });
      this.#waitingBytes += bytes;
      this.#running ??= this.#drain();
    });
  }

  /** Refuses new items and resolves when the waiting ones are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // The requests of one turn of the event loop share a batch; a synchronous driver would else commit each alone.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      await this.#runBatch(this.#take());
      await new Promise(setImmediate);
    }
    this.#running = undefined;
  }

  async #runBatch(batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#options.run(batch.map((waiting) => waiting.item));
      batch.forEach((waiting, i) => waiting.resolve(results[i] as R));
    } catch (error) {
      if (batch.length > 1 && error instanceof StorageError && error.code === 'TooLarge') {
        // One of them is to blame and nothing was written: the others must not fail for it.
        for (const waiting of batch) await this.#runBatch([waiting]);
        return;
      }
      for (const waiting of batch) waiting.reject(error);
      if (isAway(error)) this.#rejectLate();
    }
  }

  #rejectLate(): void {
    const late = this.#waiting.findLastIndex(({ since }) => performance.now() - since >= PATIENCE_MS);
    for (const { bytes, reject } of this.#waiting.splice(0, late + 1)) {
      this.#waitingBytes -= bytes;
      reject(new StorageError('Unavailable', 'the database was away for too long; nothing was written'));
    }
  }

  #take(): Waiting<T, R>[] {
    const { maxItems, maxBytes } = this.#options;
    let size = 0;
    let count = 0;
    for (const { bytes } of this.#waiting) {
      if (count > 0 && (count >= maxItems || size + bytes > maxBytes)) break;
      size += bytes;
      count++;
    }
    this.#waitingBytes -= size;
    return this.#waiting.splice(0, count);
  }
}

const isAway = (error: unknown): boolean =>
  error instanceof StorageError && (error.code === 'Unavailable' || error.code === 'OutcomeUnknown');
