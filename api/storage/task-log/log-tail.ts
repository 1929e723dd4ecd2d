import type { Clock } from '../../machinery/clock.ts';
import type { WakeUp } from '../commits/wake-up.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { TaskTables } from '../driver/task-tables.ts';
import { crowdPauseMs } from '../watching/crowd-pause.ts';
import { LogRing } from './log-ring.ts';
import type { LogPage, LogRingLimits } from './log-ring.ts';
import { PAGE_BYTES, parsedEvent, sizeOfEvent } from './stored-event.ts';
import { Wakening } from './wakening.ts';

/** Events per select, unless they are large. */
const PAGE = 500;

export interface LogTailOptions {
  tables: Pick<TaskTables, 'readTaskEvents' | 'taskLogBounds'>;
  wakeUp: Pick<WakeUp, 'listening'>;
  clock: Clock;
  /**
   * Milliseconds between looks at the database without a hint, and while hints arrive; undefined: this process writes
   * all.
   */
  polling: { everyMs: number; hintedMs: number } | undefined;
  ring: LogRingLimits;
}

export interface LogTailQuery {
  /** Only later events. */
  after: number;
  /** Ends the follower at once. */
  signal: AbortSignal;
  /** Ends it when it has every event that was in the log when this aborted. */
  until?: AbortSignal;
}

/**
 * One log as all its followers on this replica read it. One reader selects what is new, once per wake-up, into a
 * bounded ring that the followers share. A follower that is behind the ring, because it began with an old number or is
 * slow, reads pages of its own from the database until it reaches the ring: nothing grows for it, and it misses nothing.
 */
export class LogTail {
  readonly #taskUID: string;
  readonly #options: LogTailOptions;
  readonly #followers = new Set<Wakening>();
  readonly #reader = new Wakening();
  /** Whoever waits until everything that is in the log now was read. */
  #syncs: (() => void)[] = [];
  #ring: LogRing | undefined;
  /** Rises when what was read before may be wrong. */
  #generation = 0;
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(taskUID: string, options: LogTailOptions) {
    this.#taskUID = taskUID;
    this.#options = options;
    void this.#run();
  }

  get followers(): number {
    return this.#followers.size;
  }

  /** The size of the events in the ring. */
  get size(): { events: number; bytes: number } {
    return this.#ring?.size ?? { events: 0, bytes: 0 };
  }

  /** True when it is of no use to new followers. */
  get over(): boolean {
    return this.#ended || this.#failure !== undefined;
  }

  /** There may be something new. */
  wake(): void {
    this.#reader.wake();
  }

  /**
   * The log may have lost events that were read, and others may have their numbers by now: what the ring has is not to be
   * given to anybody, and followers that are beyond the beginning end with an error.
   */
  restart(): void {
    this.#generation += 1;
    this.#ring = undefined;
    this.#reader.wake();
    this.#wakeFollowers();
  }

  /** Ends all followers. */
  end(): void {
    this.#ended = true;
    this.#reader.wake();
    this.#wakeFollowers();
  }

  /**
   * Pages in order, never empty.
   * @throws StorageError Compacted when the database lost what may have been given; or what reading failed with
   */
  async *follow({ after, signal, until }: LogTailQuery): AsyncGenerator<LogPage> {
    const woken = new Wakening();
    let cursor = after;
    let generation = this.#generation;
    /** Everything that was in the log when `until` aborted has been read. */
    let synced = false;
    const onUntil = (): void => {
      const of = this.#generation;
      void this.#synced().then(() => {
        synced = of === this.#generation;
        woken.wake();
      });
    };
    this.#followers.add(woken);
    signal.addEventListener('abort', woken.wake, { once: true });
    if (until?.aborted === true) onUntil();
    else until?.addEventListener('abort', onUntil, { once: true });
    try {
      while (!signal.aborted && !this.#ended) {
        if (this.#failure !== undefined) throw this.#failure.error;
        const isLast = synced;
        const page = await this.#after(cursor);
        if (generation !== this.#generation) {
          if (cursor > 0) throw eventsLost();
          // It begins with what the log has now, to whose end it has to come first.
          generation = this.#generation;
          synced = false;
          if (until?.aborted === true) onUntil();
          continue;
        }
        cursor = page?.reached ?? cursor;
        if (page === undefined && isLast) return;
        if (page === undefined) await woken.wait();
        else if (page.events.length > 0) yield page.events;
      }
    } finally {
      this.#followers.delete(woken);
      signal.removeEventListener('abort', woken.wake);
      until?.removeEventListener('abort', onUntil);
    }
  }

  /** The events after a number, and how far they reach; undefined: nothing yet. */
  async #after(cursor: number): Promise<{ events: LogPage; reached: number } | undefined> {
    const ring = this.#ring;
    if (ring === undefined) return undefined;
    if (cursor >= ring.floor) {
      const events = ring.after(cursor);
      const last = events.at(-1);
      return last === undefined ? undefined : { events, reached: last.seq };
    }
    const { floor } = ring;
    const { events } = await this.#read(cursor);
    // Nothing there: what was up to the floor has expired.
    return { events, reached: events.at(-1)?.seq ?? floor };
  }

  async #read(after: number): Promise<{ events: LogPage; bytes: number; isFull: boolean }> {
    const query = { taskUID: this.#taskUID, after, limit: PAGE, maxBytes: PAGE_BYTES };
    const { events, isFull } = await this.#options.tables.readTaskEvents(query);
    let bytes = 0;
    for (const row of events) bytes += sizeOfEvent(row);
    return { events: Object.freeze(events.map((row) => parsedEvent(row))), bytes, isFull };
  }

  /** Resolves when the ring has what is in the log now. */
  #synced(): Promise<void> {
    this.#reader.wake();
    return new Promise((resolve) => void this.#syncs.push(resolve));
  }

  async #run(): Promise<void> {
    try {
      while (!this.#ended) {
        const given = await this.#catchUp();
        if (given > 0) await this.#pause(crowdPauseMs(this.#followers.size));
        await this.#wait();
      }
    } catch (error) {
      this.#failure = { error };
      this.#wakeFollowers();
    }
  }

  /** The ring; a new one begins a page before the end, since most followers want what is newest. */
  async #currentRing(): Promise<LogRing> {
    while (this.#ring === undefined) {
      const generation = this.#generation;
      const { firstSeq, lastSeq } = await this.#options.tables.taskLogBounds(this.#taskUID);
      if (generation !== this.#generation) continue;
      this.#ring = new LogRing(this.#options.ring, Math.max(firstSeq - 1, lastSeq - PAGE, 0));
    }
    return this.#ring;
  }

  /** Reads to the end of the log. Returns how many events that were. */
  async #catchUp(): Promise<number> {
    // Those who come later may have seen what this read does not.
    const syncs = this.#syncs;
    this.#syncs = [];
    let count = 0;
    for (;;) {
      const ring = await this.#currentRing();
      const { events, bytes, isFull } = await this.#read(ring.end);
      if (ring !== this.#ring) continue;
      ring.push(events, bytes);
      count += events.length;
      if (events.length > 0) this.#wakeFollowers();
      if (!isFull || this.#ended) break;
    }
    for (const sync of syncs) sync();
    return count;
  }

  async #wait(): Promise<void> {
    const { polling, clock, wakeUp } = this.#options;
    const pollMs = wakeUp.listening ? polling?.hintedMs : polling?.everyMs;
    const cancel = pollMs === undefined ? undefined : clock.after(pollMs, this.#reader.wake);
    await this.#reader.wait();
    cancel?.();
  }

  /** A crowd takes what it got before it gets more, so that several events share a write. */
  async #pause(ms: number): Promise<void> {
    if (ms > 0) await new Promise<void>((resolve) => void this.#options.clock.after(ms, resolve));
  }

  #wakeFollowers(): void {
    for (const follower of this.#followers) follower.wake();
  }
}

const eventsLost = (): StorageError =>
  new StorageError('Compacted', 'the database lost events of this log; read it from the beginning');
