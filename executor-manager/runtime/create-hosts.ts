import { join } from 'node:path';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { executorFolder } from '../config.ts';
import type { ExecutorManagerConfig } from '../config.ts';
import { RUNNER_PROGRAM } from '../drivers/choose-driver.ts';
import type { PublishedPorts, RuntimeDriver } from '../drivers/driver.ts';
import { SharedDriver } from '../drivers/shared/shared-driver.ts';
import type { RunnerAddresses } from '../protocol/runner-environment.ts';
import { createCapacityGate } from '../places/capacity-gate.ts';
import { takeInventory } from './inventory.ts';
import { RuntimeHosts } from './runtime-host.ts';
import type { RuntimeHost } from './runtime-host.ts';
import { StartedOnDemand } from './runtime-source.ts';
import type { RuntimeSource } from './runtime-source.ts';
import type { RuntimeToken } from './runtime-token.ts';

export interface HostsOptions {
  config: ExecutorManagerConfig;
  /** Of sandboxes. */
  driver: RuntimeDriver;
  /** Where the runtimes of sandboxes come from; absent: one is started for each run. */
  runtimes?: (tokenFor: TokenFor) => RuntimeSource;
  tokenFor: TokenFor;
  /** The addresses that conversations may call beside public ones. */
  addresses: RunnerAddresses;
  logger: Logger;
  clock: Clock;
  /** Lets go of the process that conversations share, and ends what is under way. */
  signal: AbortSignal;
}

type TokenFor = (runnerID: string) => RuntimeToken;

/** How many Sandboxes run at once. */
export interface Capacity {
  sandboxes: number;
  conversations: number;
}

/** Sandboxes have a port each where the driver publishes one. */
export function capacityOf(
  { maxConcurrent, maxConversations }: ExecutorManagerConfig,
  driver: RuntimeDriver,
): Capacity {
  const { ports } = driver.capabilities;
  const sandboxes = ports === undefined ? maxConcurrent : Math.min(maxConcurrent, portCount(ports));
  return { sandboxes, conversations: maxConversations };
}

export const portCount = ({ min, max }: PublishedPorts): number => max - min + 1;

export function createHosts(options: HostsOptions): RuntimeHosts {
  const { config, driver, tokenFor, logger, clock } = options;
  const { sandboxes, conversations } = capacityOf(config, driver);
  const runtimes = options.runtimes?.(tokenFor) ?? new StartedOnDemand({ driver, tokenFor, logger, clock });
  return new RuntimeHosts({
    sandboxes: {
      ...{ driver, runtimes },
      gate: createCapacityGate(sandboxes),
      inventory: takeInventory({ ...options, driver }),
    },
    ...(conversations > 0 ? { conversations: conversationHost(options, conversations) } : {}),
    isShare: (runtimeID) => SharedDriver.isShare(runtimeID),
  });
}

function conversationHost(options: HostsOptions, capacity: number): RuntimeHost {
  const { config, addresses, tokenFor, logger, clock, signal } = options;
  const driver = new SharedDriver({
    folder: join(executorFolder(config), 'conversations'),
    launch: {
      runner: [process.execPath, RUNNER_PROGRAM],
      environment: config.runnerEnvironment,
      addresses,
      capacity,
      user: conversationUser(config),
    },
    ...{ tokenFor, logger, clock },
  });
  signal.addEventListener('abort', () => driver.release(), { once: true });
  const newID = (runID: string): string => driver.newShare(runID);
  return {
    driver,
    runtimes: new StartedOnDemand({ driver, tokenFor, newID, logger, clock }),
    gate: createCapacityGate(capacity),
    inventory: takeInventory({ ...options, driver }),
  };
}

/** Only root can choose; undefined where the user is the one of this process. */
export function conversationUser({ conversationUserID }: ExecutorManagerConfig): number | undefined {
  const own = process.getuid?.();
  return own === 0 && conversationUserID !== own ? conversationUserID : undefined;
}
