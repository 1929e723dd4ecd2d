import type { Clock } from '../machinery/clock.ts';
import { describeError, type Logger } from '../machinery/logger.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { type Store, StorageError, type StoredObject } from '../storage/contract.ts';

/** As kube-apiserver (--event-ttl). */
const KEEP_MS = 60 * 60 * 1000;
const EVERY_MS = 60 * 1000;

export interface EventExpiryOptions {
  store: Store;
  clock: Clock;
  logger: Logger;
}

/** Removes Events that did not happen again for an hour, every minute. Replicas may do so side by side. */
export function startEventExpiry(options: EventExpiryOptions): { stop(): Promise<void> } {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = (): void => undefined;
  const schedule = (): void => {
    cancel = options.clock.after(EVERY_MS, () => {
      running = removeOldEvents(options, () => stopped)
        .catch((error: unknown) => {
          // The database is away for now: the next round comes in a minute.
          options.logger.warn('old events were not removed', { error: describeError(error) });
        })
        .then(() => {
          if (!stopped) schedule();
        });
    });
  };
  schedule();
  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}

/** One round. */
export async function removeOldEvents(
  { store, clock }: Pick<EventExpiryOptions, 'clock' | 'store'>,
  isStopped: () => boolean = () => false,
): Promise<void> {
  const { items } = await store.list({ resource: 'events', minRevision: 0 });
  const before = clock.now() - KEEP_MS;
  for (const item of items) {
    if (isStopped()) return;
    if (lastSeen(item.object) < before) await remove(store, item);
  }
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
