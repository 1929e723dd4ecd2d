import { type Clock, sleep } from '#api/machinery/clock';
import type { RunEvent } from './protocol/run.ts';
import { untilAborted } from './until-aborted.ts';

/**
 * Collects events into batches between one who puts and one who takes. The first event of all goes at once;
 * later ones wait a moment for company, since one append of many costs little more than one of one.
 */
export interface EventBatches {
  /** Resolves when there is room again: whoever reads the events is slowed down, none is dropped. */
  put(event: RunEvent): Promise<void>;
  /** No more events. */
  end(): void;
  /** The next events in order; an empty batch means the end. Rejects when `signal` aborts. */
  take(signal: AbortSignal): Promise<RunEvent[]>;
}

export const BATCH = {
  events: 64,
  /** Bytes of JSON: well below the API's limit of a request. */
  bytes: 1024 * 1024,
  /** Milliseconds after a batch's first event. */
  waitMs: 30,
  /** Events held at most; more only after these were taken. */
  held: 256,
} as const;

export function createEventBatches(clock: Clock): EventBatches {
  const held: RunEvent[] = [];
  const state = { ended: false, first: true };
  let changed = signalled();

  const change = (): void => {
    changed.tell();
    changed = signalled();
  };

  /** Waits for more until the batch is full, the time is over or nothing more comes. */
  async function gather(signal: AbortSignal): Promise<void> {
    const over = sleep(clock, BATCH.waitMs, signal).then(() => 'over' as const);
    over.catch(() => undefined);
    while (!state.ended && held.length < BATCH.events && !isLast(held.at(-1))) {
      if ((await Promise.race([changed.told, over])) === 'over') return;
    }
  }

  return {
    async put(event) {
      held.push(event);
      change();
      while (held.length >= BATCH.held) await changed.told;
    },
    end() {
      state.ended = true;
      change();
    },
    async take(signal) {
      while (held.length === 0 && !state.ended) await untilAborted(changed.told, signal);
      signal.throwIfAborted();
      if (!state.first) await gather(signal);
      state.first = false;
      const batch = held.splice(0, fitting(held));
      change();
      return batch;
    },
  };
}

const isLast = (event: RunEvent | undefined): boolean => event?.type === 'result';

/** How many of the first events make one batch; at least one. */
function fitting(events: readonly RunEvent[]): number {
  let bytes = 0;
  let count = 0;
  for (const event of events.slice(0, BATCH.events)) {
    bytes += JSON.stringify(event).length;
    if (count > 0 && bytes > BATCH.bytes) break;
    count += 1;
  }
  return count;
}

function signalled(): { told: Promise<void>; tell: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { told: promise, tell: resolve };
}
