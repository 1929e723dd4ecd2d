import type { Task } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';

export type SentEvent = NonNullable<Task['spec']['events']>[number];

/** The events of a Task that no node has taken. An event ends one wait at most, and one that comes early is kept. */
export class SentEvents {
  readonly #open: Map<number, SentEvent>;

  /** @param records of all nodes; those that took events have their numbers */
  constructor({ spec }: Task, records: Iterable<NodeRecord>) {
    this.#open = new Map((spec.events ?? []).map((event) => [event.number, event]));
    for (const { events = [] } of records) for (const number of events) this.#open.delete(number);
  }

  /**
   * Takes the first event that fits and came in time.
   * @param until milliseconds since the epoch
   */
  take(fits: (event: SentEvent) => boolean, until: number | undefined): SentEvent | undefined {
    for (const event of this.#open.values()) {
      if (!fits(event) || isLate(event, until)) continue;
      this.#open.delete(event.number);
      return event;
    }
    return undefined;
  }
}

/** By the server's clock: a controller that was away makes no difference. */
const isLate = ({ at = '' }: SentEvent, until = Infinity): boolean => Date.parse(at) > until;
