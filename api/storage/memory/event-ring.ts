import type { StoreEvent } from '../contract/objects.ts';

export interface RingLimits {
  /** At least this many events are kept, and at most twice as many, */
  events: number;
  /** unless their texts have more characters than this together. */
  bytes: number;
}

/**
 * The newest events of one resource, bounded. A watch that starts within it reads no database.
 */
export class EventRing {
  readonly #limits: RingLimits;
  #bytes = 0;
  #events: StoreEvent[] = [];
  #floor: number;

  /** `floor`: nothing at or below this revision is known. */
  constructor(limits: RingLimits, floor: number) {
    this.#limits = limits;
    this.#floor = floor;
  }

  /** Every event of the resource after this revision is in the ring. */
  get floor(): number {
    return this.#floor;
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    this.#bytes += sizeOf(event);
    // Dropping half at once makes the cost of shifting constant per event.
    const { events, bytes } = this.#limits;
    if (this.#events.length < events * 2 && this.#bytes <= bytes) return;
    this.#shrink({ events, bytes: bytes / 2 });
  }

  #shrink({ events, bytes }: RingLimits): void {
    let count = 0;
    for (const event of this.#events) {
      if (this.#events.length - count <= events && this.#bytes <= bytes) break;
      this.#bytes -= sizeOf(event);
      this.#floor = event.revision;
      count++;
    }
    this.#events.splice(0, count);
  }

  /** Whether nothing came after `revision`. */
  isLast(revision: number): boolean {
    return (this.#events.at(-1)?.revision ?? 0) <= revision;
  }

  /** Events after `revision`, which is at least the floor. */
  after(revision: number): StoreEvent[] {
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#events[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low);
  }
}

/** Characters. The state before is mostly the object of an earlier event, so it is not counted again. */
const sizeOf = (event: StoreEvent): number => event.object.json().length;
