import type { TaskEvent } from '../../types/tasks/task-event.ts';

export interface LogRingLimits {
  /** At least this many events are kept, and at most twice as many and a page, */
  events: number;
  /** unless they have more characters than this together. The newest page stays in any case. */
  bytes: number;
}

/** Events as they were read together: frozen, never empty, shared by all who are given it. */
export type LogPage = readonly TaskEvent[];

interface SizedPage {
  page: LogPage;
  bytes: number;
}

/** The newest events of one log, in the pages in which they were read. */
export class LogRing {
  readonly #limits: LogRingLimits;
  #pages: SizedPage[] = [];
  #events = 0;
  #bytes = 0;
  #floor: number;
  #end: number;

  /** `start`: the ring begins after this number. */
  constructor(limits: LogRingLimits, start: number) {
    this.#limits = limits;
    this.#floor = start;
    this.#end = start;
  }

  /** Every event after this number is in the ring, as far as the log was read. */
  get floor(): number {
    return this.#floor;
  }

  /** How far the log was read. */
  get end(): number {
    return this.#end;
  }

  get size(): { events: number; bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  /** Adds what was read after the end. `bytes`: characters of its texts. */
  push(page: LogPage, bytes: number): void {
    const last = page.at(-1);
    if (last === undefined) return;
    this.#pages.push({ page, bytes });
    this.#events += page.length;
    this.#bytes += bytes;
    this.#end = last.seq;
    // Dropping half at once makes the cost of shifting constant per page.
    const { events, bytes: most } = this.#limits;
    if (this.#events >= events * 2) this.#shrink(events, most);
    if (this.#bytes > most) this.#shrink(events, most / 2);
  }

  /** The page with the first event after `seq`, which is at least the floor, without what is before that event. */
  after(seq: number): LogPage {
    let low = 0;
    let high = this.#pages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#pages[middle]?.page.at(-1)?.seq ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    const page = this.#pages[low]?.page ?? [];
    // Whoever keeps up gets whole pages, the same ones as all others.
    return (page[0]?.seq ?? 0) > seq ? page : page.filter((event) => event.seq > seq);
  }

  #shrink(events: number, bytes: number): void {
    let count = 0;
    while (count < this.#pages.length - 1 && (this.#events > events || this.#bytes > bytes)) {
      const oldest = this.#pages[count] as SizedPage;
      this.#events -= oldest.page.length;
      this.#bytes -= oldest.bytes;
      this.#floor = oldest.page.at(-1)?.seq ?? this.#floor;
      count++;
    }
    this.#pages.splice(0, count);
  }
}
