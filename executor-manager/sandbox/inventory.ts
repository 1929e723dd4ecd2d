import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { Runtime, SandboxDriver } from '../drivers/driver.ts';
import type { PortAllocator } from '../places/port-allocator.ts';

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5000;

export interface InventoryOptions {
  driver: Pick<SandboxDriver, 'list'>;
  ports: Pick<PortAllocator, 'adopt' | 'release'>;
  logger: Logger;
  clock: Clock;
  signal: AbortSignal;
}

/**
 * What an earlier manager left, by sandbox uid. The ports of what ran then are held here, until a lifecycle
 * takes a sandbox over with its port, or it was removed.
 */
export interface Inventory {
  /** Its port is the caller's from here on; false when it was not held here. */
  handOver(sandboxUID: string): boolean;
  /** Gives its port back if it is still held here; only when nothing of the sandbox is left. */
  removed(sandboxUID: string): void;
}

/** Waits for the engine as long as it takes: nothing else may pass for an empty one. Rejects only with the signal. */
export async function takeInventory(options: InventoryOptions): Promise<Inventory> {
  const { ports } = options;
  const held = new Map<string, number>();
  for (const { running, sandboxUID, address } of await listPatiently(options)) {
    if (running && ports.adopt(address.port)) held.set(sandboxUID, address.port);
  }
  return {
    handOver: (uid) => held.delete(uid),
    removed(uid) {
      const port = held.get(uid);
      if (held.delete(uid) && port !== undefined) ports.release(port);
    },
  };
}

async function listPatiently({ driver, logger, clock, signal }: InventoryOptions): Promise<Runtime[]> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    signal.throwIfAborted();
    try {
      return await driver.list();
    } catch (error) {
      logger.warn('cannot list the sandboxes of the engine, trying again', { cause: describeError(error) });
    }
    await sleep(clock, wait, signal);
  }
}
