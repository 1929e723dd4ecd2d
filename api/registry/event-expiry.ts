import type { Clock } from '../machinery/clock.ts';
import { describeError, type Logger } from '../machinery/logger.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { type Store, StorageError, type StoredObject } from '../storage/contract.ts';

/** As kube-apiserver (--event-ttl). */
const KEEP_MS = 60 * 60 * 1000;
const EVERY_MS = 60 * 1000;
/** Deletions under way at once: enough to fill a commit. */
const CONCURRENT = 256;

export interface EventExpiryOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
}

/** Removes Events that did not happen again for an hour, within a minute. Replicas may do so side by side. */
export function startEventExpiry(options: EventExpiryOptions): { stop(): Promise<void> } {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;
  const schedule = (inMs: number): void => {
    cancel = options.clock.after(inMs, () => {
      running = removeOldEvents(options, () => stopped)
        .catch((error: unknown) => {
          // The database is away for now: the next round comes in a minute.
          options.logger.warn('old events were not removed', { error: describeError(error) });
          return 0;
        })
        .then((nextMs) => {
          if (!stopped) schedule(Math.max(nextMs, EVERY_MS));
        });
    });
  };
  schedule(EVERY_MS);
  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

/**
 * One round.
 * @returns in how many milliseconds the oldest that is left will have to go: none that is made meanwhile is older
 */
export async function removeOldEvents(
  { store, clock }: Pick<EventExpiryOptions, 'clock' | 'store'>,
  isStopped: () => boolean = () => false,
): Promise<number> {
  const { items } = await store.list({ resource: 'events', minRevision: 0 });
  const before = clock.now() - KEEP_MS;
  const old: StoredObject[] = [];
  let oldest = clock.now();
  for (const item of items) {
    const seen = knownLastSeen(item);
    if (seen < before) old.push(item);
    else oldest = Math.min(oldest, seen);
  }
  for (let at = 0; at < old.length && !isStopped(); at += CONCURRENT) {
    await Promise.all(old.slice(at, at + CONCURRENT).map((item) => remove(store, item)));
  }
  return oldest - before;
}

const known = new WeakMap<StoredObject, number>();

/** Read once: a round over many events parses only the new ones. */
function knownLastSeen(stored: StoredObject): number {
  let seen = known.get(stored);
  if (seen === undefined) known.set(stored, (seen = lastSeen(stored.object)));
  return seen;
}

async function remove(store: Store, { key, revision: expectedRevision }: StoredObject): Promise<void> {
  try {
    await store.commit({ op: 'delete', key, expectedRevision });
  } catch (error) {
    // It happened again, or another replica removed it.
    const over = error instanceof StorageError && (error.code === 'Conflict' || error.code === 'NotFound');
    if (!over) throw error;
  }
}

function lastSeen(event: Unstructured): number {
  const series = event['series'] as { lastObservedTime?: unknown } | undefined;
  const times = [
    series?.lastObservedTime,
    event['lastTimestamp'],
    event['eventTime'],
    event.metadata.creationTimestamp,
  ];
  return Math.max(...times.map((time) => (typeof time === 'string' ? Date.parse(time) || 0 : 0)));
}
