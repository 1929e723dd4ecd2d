import { LogTail } from './log-tail.ts';
import type { LogTailOptions, LogTailQuery } from './log-tail.ts';
import type { LogPage } from './log-ring.ts';

/** The tails of the logs that are followed: one for each log, for as long as somebody follows it. */
export class LogTails {
  readonly #options: LogTailOptions;
  /** By the uid of the Task. */
  readonly #tails = new Map<string, LogTail>();
  #closed = false;

  constructor(options: LogTailOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#tails.size;
  }

  /** Of all logs together. */
  get followers(): number {
    return [...this.#tails.values()].reduce((sum, tail) => sum + tail.followers, 0);
  }

  /** The size of the part of a log that is kept in memory. */
  sizeOf(taskUID: string): { events: number; bytes: number } {
    return this.#tails.get(taskUID)?.size ?? { events: 0, bytes: 0 };
  }

  /** Pages in order, never empty. @throws StorageError as LogTail.follow; a new follower reads again */
  async *follow(taskUID: string, query: LogTailQuery): AsyncGenerator<LogPage> {
    if (this.#closed) return;
    const tail = this.#tailOf(taskUID);
    try {
      yield* tail.follow(query);
    } finally {
      if (tail.followers === 0) this.#drop(taskUID, tail);
    }
  }

  /** There may be something new in a log. */
  wake(taskUID: string): void {
    this.#tails.get(taskUID)?.wake();
  }

  /** There may be something new in any of them. */
  wakeAll(): void {
    for (const tail of this.#tails.values()) tail.wake();
  }

  /** The database may have lost what was read from it: whoever was given something is told by an error. */
  restartAll(): void {
    for (const tail of this.#tails.values()) tail.restart();
  }

  /** Ends all followers. */
  close(): void {
    this.#closed = true;
    for (const tail of this.#tails.values()) tail.end();
    this.#tails.clear();
  }

  #tailOf(taskUID: string): LogTail {
    const known = this.#tails.get(taskUID);
    if (known?.over === false) return known;
    const tail = new LogTail(taskUID, this.#options);
    this.#tails.set(taskUID, tail);
    return tail;
  }

  #drop(taskUID: string, tail: LogTail): void {
    tail.end();
    if (this.#tails.get(taskUID) === tail) this.#tails.delete(taskUID);
  }
}
