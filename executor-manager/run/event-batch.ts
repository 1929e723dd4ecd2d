import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { RunEvent } from '../protocol/run.ts';
import { untilAborted } from '#api/machinery/until-aborted';

/**
 * Collects events into batches between one who puts and one who takes. The first event of all goes at once;
 * later ones wait a moment for company, since one append of many costs little more than one of one.
 */
export interface EventBatches {
  /** Resolves when there is room again, or nobody takes any more: whoever reads the events is slowed down. */
  put(event: RunEvent): Promise<void>;
  /** No more events. */
  end(): void;
  /** Nobody takes any more. */
  abandon(): void;
  /** The next events in order; an empty batch means the end. Rejects when `signal` aborts. */
  take(signal: AbortSignal): Promise<RunEvent[]>;
}

export const BATCH = {
  events: 64,
  /** Bytes of JSON: well below the API's limit of a request. */
  bytes: 1024 * 1024,
  /** Milliseconds after a batch's first event. */
  waitMs: 30,
  /** Events, and bytes of them, held before the reader is slowed down. */
  held: 256,
  heldBytes: 4 * 1024 * 1024,
} as const;

export function createEventBatches(clock: Clock): EventBatches {
  const held: Held[] = [];
  const state = { bytes: 0, ended: false, abandoned: false, first: true };
  let changed = signalled();

  const change = (): void => {
    changed.tell();
    changed = signalled();
  };

  /** Waits for more until the batch is full, the time is over or nothing more comes. */
  async function gather(signal: AbortSignal): Promise<void> {
    const over = sleep(clock, BATCH.waitMs, signal).then(() => 'over' as const);
    over.catch(() => undefined);
    while (!state.ended && held.length < BATCH.events && held.at(-1)?.event.type !== 'result') {
      if ((await Promise.race([changed.told, over])) === 'over') return;
    }
  }

  return {
    async put(event) {
      const bytes = Buffer.byteLength(JSON.stringify(event));
      held.push({ event, bytes });
      state.bytes += bytes;
      change();
      const isFull = (): boolean => held.length >= BATCH.held || state.bytes >= BATCH.heldBytes;
      while (isFull() && !state.abandoned) await changed.told;
    },
    end() {
      state.ended = true;
      change();
    },
    abandon() {
      state.abandoned = true;
      change();
    },
    async take(signal) {
      while (held.length === 0 && !state.ended) await untilAborted(changed.told, signal);
      signal.throwIfAborted();
      if (!state.first) await gather(signal);
      state.first = false;
      const batch = held.splice(0, fitting(held));
      for (const { bytes } of batch) state.bytes -= bytes;
      change();
      return batch.map(({ event }) => event);
    },
  };
}

interface Held {
  event: RunEvent;
  bytes: number;
}

/** How many of the first events make one batch; at least one. */
function fitting(events: readonly Held[]): number {
  let sum = 0;
  let count = 0;
  for (const { bytes } of events.slice(0, BATCH.events)) {
    sum += bytes;
    if (count > 0 && sum > BATCH.bytes) break;
    count += 1;
  }
  return count;
}

function signalled(): { told: Promise<void>; tell: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { told: promise, tell: resolve };
}
