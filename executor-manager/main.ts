import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import type { TaskLogClient } from '#api/client/task-log';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { VERSION } from '#api/machinery/version';
import { executorNotReady } from '#api/types/executor';
import { SANDBOXES } from '#api/types/resources';
import { createCapacityGate } from './places/capacity-gate.ts';
import type { ExecutorManagerConfig } from './config.ts';
import { chooseDriver } from './drivers/choose-driver.ts';
import type { SandboxDriver } from './drivers/driver.ts';
import { startHeartbeat } from './executor/heartbeat.ts';
import type { Heartbeat } from './executor/heartbeat.ts';
import { reportExecutor } from './executor/registration.ts';
import type { ExecutorFacts } from './executor/registration.ts';
import { createPortAllocator } from './places/port-allocator.ts';
import { DEFAULT_TIMES } from './sandbox/context.ts';
import type { SandboxContext, SandboxTimes } from './sandbox/context.ts';
import { takeInventory } from './sandbox/inventory.ts';
import { createSupervisor } from './sandbox/supervisor.ts';
import { runSweeps } from './sandbox/sweep.ts';
import { createTokenMaker, loadExecutorKey, ownerID } from './executor/sandbox-token.ts';
import { createTaskTurns } from './places/task-turns.ts';

export interface ExecutorManagerOptions {
  client: Client;
  taskLog: Pick<TaskLogClient, 'append' | 'read'>;
  config: ExecutorManagerConfig;
  logger: Logger;
  clock?: Clock;
  times?: Partial<SandboxTimes>;
  /** Absent: as the configuration says. */
  driver?: SandboxDriver;
}

export interface ExecutorManager {
  readonly driver: 'docker' | 'process';
  /** Leaves running sandboxes alone: the next start adopts them. */
  stop(): Promise<void>;
}

/** How long a stop waits for what is under way: an engine may take its time to start a container. */
const STOP_MS = 10_000;

/**
 * Starts one executor: registers it and runs the Sandboxes that are bound to it. Resolves when the Executor was
 * reported once, or at once when the API is away; goes on by itself whatever is away.
 * @throws StatusError when the data folder cannot be used or DOCKER_HOST cannot be understood.
 */
export async function startExecutorManager(options: ExecutorManagerOptions): Promise<ExecutorManager> {
  const clock = options.clock ?? systemClock;
  const { config, logger } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const key = await loadExecutorKey(config.dataDir);
  const driver =
    options.driver ?? (await chooseDriver({ config, owner: ownerID(key), logger, clock, signal }));
  const context = createContext({ ...options, clock, driver, key, signal });
  const supervisor = createSupervisor(context, signal);
  const registration = {
    client: options.client,
    facts: executorFacts(config, driver),
    running: () => context.gate.taken(),
    clock,
  };
  const heartbeat = startHeartbeat({ ...registration, check: () => driver.check(), logger, signal });
  const fieldSelector = `spec.executorName=${config.executorName}`;
  const reflecting = runReflector({
    ...{ client: options.client, type: SANDBOXES, target: supervisor },
    ...{ fieldSelector, signal, logger, clock },
  });
  const sweeping = runSweeps(context, supervisor, signal);
  await firstReport(heartbeat, clock);
  return {
    driver: driver.kind,
    async stop() {
      ending.abort(new Error('the executor manager stops'));
      const all = Promise.allSettled([supervisor.stop(), heartbeat.done, reflecting, sweeping]);
      await Promise.race([all, new Promise<void>((resolve) => clock.after(STOP_MS, resolve))]);
      const stopped = executorNotReady('Stopped', 'The executor manager was stopped; its sandboxes run on.');
      await reportExecutor(registration, stopped).catch((error: unknown) =>
        logger.warn('the stop was not reported', { cause: describeError(error) }),
      );
    },
  };
}

interface ContextOptions extends ExecutorManagerOptions {
  clock: Clock;
  driver: SandboxDriver;
  key: Buffer;
  signal: AbortSignal;
}

function createContext(options: ContextOptions): SandboxContext {
  const { client, taskLog, config, logger, clock, driver, signal } = options;
  const ports = createPortAllocator({ ...config.ports, clock });
  return {
    executorName: config.executorName,
    ...{ client, taskLog, driver, ports, logger, clock },
    gate: createCapacityGate(config.maxConcurrent),
    turns: createTaskTurns(),
    tokenFor: createTokenMaker(options.key),
    inventory: takeInventory({ driver, ports, logger, clock, signal }),
    limits: { ...DEFAULT_TIMES, ...options.times },
  };
}

function executorFacts(config: ExecutorManagerConfig, driver: SandboxDriver): ExecutorFacts {
  const { ports } = config;
  return {
    name: config.executorName,
    driver: driver.kind,
    isolation: driver.isolation,
    version: VERSION,
    ports: { ...ports },
    capacity: Math.min(config.maxConcurrent, ports.max - ports.min + 1),
  };
}

/** So that "ready" means that kubectl shows the Executor; but an API that is away must not stop us. */
async function firstReport(heartbeat: Heartbeat, clock: Clock): Promise<void> {
  await Promise.race([heartbeat.first, new Promise<void>((resolve) => clock.after(5000, resolve))]);
}
