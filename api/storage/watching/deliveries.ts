import { MAX_SHARED_EVENTS } from '../contract/objects.ts';
import type { StoreEvent } from '../contract/objects.ts';
import { crowdPauseMs } from './crowd-pause.ts';
import { WatcherIndex } from './watcher-index.ts';
import type { WatcherEntry } from './watcher-index.ts';

/** Brings the events of one resource to its watches: at once, or together with what follows while they are many. */
export class Deliveries {
  readonly #watchers = new WatcherIndex();
  #waiting: StoreEvent[] = [];
  /** Ends the pause after a delivery; until then events wait. */
  #endPause: (() => void) | undefined;

  /** Later events are for the watcher too; what waits is not, as it begins with the present. */
  add(entry: WatcherEntry): void {
    this.deliver();
    this.#watchers.add(entry);
  }

  delete(entry: WatcherEntry): void {
    this.#watchers.delete(entry);
  }

  get watchers(): Iterable<WatcherEntry> {
    return this.#watchers;
  }

  /** The first revision that is not with the watches yet; undefined when they have everything. */
  get firstWaiting(): number | undefined {
    return this.#waiting[0]?.revision;
  }

  push(events: readonly StoreEvent[]): void {
    for (const event of events) this.#waiting.push(event);
    if (this.#endPause === undefined || this.#waiting.length >= MAX_SHARED_EVENTS) this.deliver();
  }

  deliver(): void {
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    let writes = 0;
    for (let from = 0; from < events.length; from += MAX_SHARED_EVENTS) {
      writes += this.#watchers.push(events.slice(from, from + MAX_SHARED_EVENTS));
    }
    this.#pause(crowdPauseMs(writes));
  }

  #pause(ms: number): void {
    this.#endPause?.();
    if (ms === 0) return;
    let timer: NodeJS.Timeout | undefined;
    // The watches take what they got in this turn of the event loop; the pause begins when they have.
    const turn = setImmediate(() => {
      timer = setTimeout(() => {
        this.#endPause?.();
        this.deliver();
      }, ms);
    });
    this.#endPause = () => {
      clearImmediate(turn);
      clearTimeout(timer);
      this.#endPause = undefined;
    };
  }
}
