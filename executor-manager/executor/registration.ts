import { availableParallelism, freemem, hostname, loadavg, totalmem } from 'node:os';
import type { Client } from '#api/client/client';
import { formatMicroTime, formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { isStatusError } from '#api/machinery/status-error';
import type { Executor, ExecutorStatus } from '#api/types/generated/executor';
import { EXECUTORS } from '#api/types/resources';
import type { HeartbeatTimes } from './heartbeat-times.ts';
import { labelChange } from './labels.ts';
import type { Labels } from './labels.ts';

/** What an executor says about itself; the same as long as its manager runs. */
export interface ExecutorFacts {
  name: string;
  driver: string;
  isolation: 'container' | 'none';
  version: string;
  /** Of this machine; absent when its sandboxes are reached another way. */
  ports?: { min: number; max: number };
  /** How many run at once. */
  capacity: { sandboxes: number; conversations: number };
  /** Whether conversations run under a user of their own. */
  separateUser: boolean;
  heartbeat: HeartbeatTimes;
}

/** The words of an executor at one beat. */
export interface Report {
  ready: NewCondition;
  /** All labels of the executor's own; absent where they are not known, and stay as they are. */
  labels?: Labels;
}

export interface RegistrationOptions {
  client: Client;
  facts: ExecutorFacts;
  /** Those that run now. */
  running: () => { sandboxes: number; conversations: number };
  clock: Clock;
}

/**
 * Reports `ready` with a new heartbeat, and the executor's own labels; makes the Executor object when it is not there.
 * Throws StatusError.
 */
export async function reportExecutor(options: RegistrationOptions, { ready, labels }: Report): Promise<void> {
  for (;;) {
    const executor = await labelled(options.client, await findOrCreate(options), labels);
    try {
      await options.client.updateStatus(EXECUTORS, {
        ...executor,
        status: executorStatus(executor, options, ready),
      });
      return;
    } catch (error) {
      // The controller wrote meanwhile, or somebody deleted it: again from what is there now.
      if (!isStatusError(error, 'Conflict') && !isStatusError(error, 'NotFound')) throw error;
    }
  }
}

/** A patch of the labels alone: whatever people change at the same moment stays. */
async function labelled(client: Client, executor: Executor, wanted: Labels | undefined): Promise<Executor> {
  const { name, labels } = executor.metadata;
  const change = wanted && labelChange(labels, wanted);
  if (change === undefined) return executor;
  return client.patch(EXECUTORS, { name }, { type: 'merge', body: { metadata: { labels: change } } });
}

async function findOrCreate({ client, facts }: RegistrationOptions): Promise<Executor> {
  const { name } = facts;
  const found = await client.find(EXECUTORS, { name });
  if (found !== undefined) return found;
  try {
    const apiVersion = 'agent.wecode.io/v1alpha1';
    return await client.create(EXECUTORS, { apiVersion, kind: 'Executor', metadata: { name }, spec: {} });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
    return client.get(EXECUTORS, { name });
  }
}

/** Free memory is what programs can still have, where the system says so. */
function machineNow(): NonNullable<ExecutorStatus['machine']> {
  const [load = 0] = loadavg();
  return {
    hostname: hostname(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    load: load.toFixed(2),
  };
}

function executorStatus(
  executor: Executor,
  { facts, running, clock }: RegistrationOptions,
  ready: NewCondition,
): ExecutorStatus {
  const { ports } = facts;
  const { generation } = executor.metadata;
  const { sandboxes, conversations } = running();
  const at = { now: formatTime(clock.now()), generation };
  return {
    ...executor.status,
    driver: facts.driver,
    isolation: facts.isolation,
    version: facts.version,
    machine: machineNow(),
    capacity: facts.capacity,
    ...(ports === undefined ? {} : { ports: { ...ports, range: `${ports.min}-${ports.max}` } }),
    running: sandboxes,
    conversations: { running: conversations, separateUser: facts.separateUser },
    heartbeat: { ...facts.heartbeat },
    lastHeartbeatTime: formatMicroTime(clock.now()),
    message: ready.message,
    conditions: withCondition(executor.status?.conditions, ready, at),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}
