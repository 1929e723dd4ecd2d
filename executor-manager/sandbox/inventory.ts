import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { persist } from '../back-off.ts';
import type { Runtime, SandboxDriver } from '../drivers/driver.ts';
import type { PortAllocator } from '../port-allocator.ts';

export interface InventoryOptions {
  driver: Pick<SandboxDriver, 'list'>;
  ports: Pick<PortAllocator, 'adopt'>;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
}

/** What an earlier manager left running, with its ports taken. Waits for the engine as long as it takes. */
export async function takeInventory(options: InventoryOptions): Promise<ReadonlyMap<string, Runtime>> {
  const { driver, ports, logger, clock, signal } = options;
  const what = 'list the sandboxes of the engine';
  try {
    const runtimes = await persist(() => driver.list(), { logger, clock, signal, what, firstWait: 250 });
    for (const runtime of runtimes) if (runtime.running) ports.adopt(runtime.address.port);
    return new Map(runtimes.map((runtime) => [runtime.sandboxUID, runtime]));
  } catch (error) {
    // A stop is no failure, and nobody asks any more; anything else must not pass for an empty engine.
    if (signal.aborted) return new Map();
    throw error;
  }
}
