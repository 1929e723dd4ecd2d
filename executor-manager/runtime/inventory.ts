import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { RuntimeDriver } from '../drivers/driver.ts';
import { retryUntilDone } from '../retry.ts';

export interface InventoryOptions {
  driver: Pick<RuntimeDriver, 'list'>;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
}

/** Ids of the runtimes of which something may be in the engine; at first all that an earlier manager left. */
export type Inventory = Set<string>;

/**
 * Waits for the engine as long as it takes: nothing else may count as an empty one, and no port may be taken before
 * it has said which are in use. Rejects only with the signal.
 */
export async function takeInventory({ driver, ...retry }: InventoryOptions): Promise<Inventory> {
  const runtimes = await retryUntilDone(() => driver.list(), {
    ...retry,
    what: 'list the sandboxes of the engine',
    isCurable: () => true,
    firstWait: 250,
  });
  return new Set(runtimes.map(({ id }) => id));
}
