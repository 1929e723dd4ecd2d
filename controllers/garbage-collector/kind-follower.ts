import type { Client } from '#api/client/client';
import type { DiscoveredResource } from '#api/client/discovery';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';

/** Keeps up with the kinds a server offers. */
export interface KindFollower {
  /** What was found last. */
  current(): readonly DiscoveredResource[];
  /** A CustomResourceDefinition changed: looks again in a moment. */
  refreshSoon(): void;
  /** Resolves when the kinds were found for the first time. */
  known(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
}

export interface KindFollowerOptions {
  client: { within(signal: AbortSignal): Pick<Client, 'discover'> };
  onChange(kinds: readonly DiscoveredResource[]): void;
  clock: Clock;
  logger: Logger;
}

/** A change comes as several events, and another replica may answer a little later. */
const SETTLE_MS = 200;
/** Kinds may also come and go without a CustomResourceDefinition, where API servers are aggregated. */
const EVERY_MS = 60_000;
const AFTER_FAILURE_MS = 1000;

export function createKindFollower(options: KindFollowerOptions): KindFollower {
  const { client, clock, logger } = options;
  const known = Promise.withResolvers<void>();
  let current: readonly DiscoveredResource[] = [];
  let wake = Promise.withResolvers<void>();
  let isSoon = false;

  async function refresh(signal: AbortSignal): Promise<number> {
    try {
      current = await client.within(signal).discover();
      options.onChange(current);
      known.resolve();
      return EVERY_MS;
    } catch (error) {
      if (signal.aborted) return 0;
      logger.warn('discovery failed, trying again', { cause: describeError(error) });
      return AFTER_FAILURE_MS;
    }
  }

  return {
    current: () => current,
    refreshSoon() {
      if (isSoon) return;
      isSoon = true;
      clock.after(SETTLE_MS, () => {
        isSoon = false;
        wake.resolve();
      });
    },
    known: () => known.promise,
    async run(signal) {
      signal.addEventListener('abort', () => wake.resolve(), { once: true });
      while (!signal.aborted) {
        wake = Promise.withResolvers();
        const cancel = clock.after(await refresh(signal), () => wake.resolve());
        if (!signal.aborted) await wake.promise;
        cancel();
      }
    },
  };
}
