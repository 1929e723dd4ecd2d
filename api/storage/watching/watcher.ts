import { StorageError } from '../contract/storage-error.ts';
import type { StoreEvent } from '../contract/objects.ts';

/** What may wait for the reader. */
export interface WatcherLimits {
  events: number;
  /** Characters of their texts; while more waits, nothing is added. */
  bytes: number;
}

/**
 * One watch that has reached the present: a bounded buffer between the writer and a reader who may be slow.
 */
export class Watcher {
  readonly #limits: WatcherLimits;
  #batches: (readonly StoreEvent[])[] = [];
  #buffered = 0;
  #bytes = 0;
  #failure: StorageError | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(limits: WatcherLimits) {
    this.#limits = limits;
  }

  push(events: readonly StoreEvent[]): void {
    if (this.#ended || this.#failure !== undefined) return;
    // A single batch is in memory already; the limit is on what queues up behind it.
    if (this.#buffered + events.length > this.#limits.events || this.#bytes > this.#limits.bytes) {
      this.fail(
        new StorageError('TooSlow', 'the watch fell behind; watch again from the last revision seen'),
      );
      return;
    }
    this.#batches.push(events);
    this.#buffered += events.length;
    for (const event of events) this.#bytes += event.object.json().length;
    this.#wakeUp();
  }

  /** The reader gets the error instead of what is still buffered: it starts over anyway. */
  fail(error: StorageError): void {
    this.#failure ??= error;
    this.#batches = [];
    this.#wakeUp();
  }

  end(): void {
    this.#ended = true;
    this.#wakeUp();
  }

  /**
   * The oldest batch that is buffered, waiting for one if need be; undefined at the end. Throws the failure. Batches
   * are not put together: others have the same ones, and share what is made of them.
   */
  async next(): Promise<readonly StoreEvent[] | undefined> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      const batch = this.#batches.shift();
      if (batch !== undefined) return this.#taken(batch);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #taken(batch: readonly StoreEvent[]): readonly StoreEvent[] {
    this.#buffered -= batch.length;
    for (const event of batch) this.#bytes -= event.object.json().length;
    return batch;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
