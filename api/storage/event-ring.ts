import type { StoreEvent } from './contract.ts';

/**
 * The newest events of one resource, bounded. A watch that starts within it reads no database.
 */
export class EventRing {
  readonly #capacity: number;
  #events: StoreEvent[] = [];
  #floor: number;

  /** `floor`: nothing at or below this revision is known. */
  constructor(capacity: number, floor: number) {
    this.#capacity = capacity;
    this.#floor = floor;
  }

  /** Every event of the resource after this revision is in the ring. */
  get floor(): number {
    return this.#floor;
  }

  push(event: StoreEvent): void {
    this.#events.push(event);
    // Dropping half at once makes the cost of shifting constant per event.
    if (this.#events.length < this.#capacity * 2) return;
    const dropped = this.#events.splice(0, this.#events.length - this.#capacity);
    this.#floor = dropped.at(-1)?.revision ?? this.#floor;
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
