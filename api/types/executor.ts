import type { NewCondition } from '../machinery/condition.ts';
import type { Executor } from './generated/executor.ts';
import { newCondition, READY, ready } from './ready.ts';

export const ExecutorCondition = {
  /** True when an Executor that is drained has no Sandbox left; absent while it is not drained. */
  Drained: 'Drained',
} as const;

/** Reasons of an Executor. */
export const ExecutorReason = {
  /** Ready=True: the engine answers. */
  EngineReady: 'EngineReady',
  /** Ready=False: the engine (Docker) does not answer; nothing new is started. */
  EngineUnavailable: 'EngineUnavailable',
  /** Ready=Unknown: the executor manager has stopped reporting; written by the controller. */
  HeartbeatLost: 'HeartbeatLost',
  /** Ready=False: the executor manager was stopped in order. */
  Stopped: 'Stopped',
  /** Drained=False: Sandboxes still run; the time of the condition is when the grace period began. */
  Draining: 'Draining',
  /** Drained=True: it is empty. */
  Empty: 'Empty',
} as const;

export function draining(sandboxes: number): NewCondition {
  const message = sandboxes === 1 ? '1 Sandbox still runs.' : `${sandboxes} Sandboxes still run.`;
  return newCondition(ExecutorCondition.Drained, 'False', { reason: ExecutorReason.Draining, message });
}

export function drained(): NewCondition {
  return newCondition(ExecutorCondition.Drained, 'True', {
    reason: ExecutorReason.Empty,
    message: 'No Sandbox is left.',
  });
}

export function executorReady(message: string): NewCondition {
  return ready(ExecutorReason.EngineReady, message);
}

export function executorNotReady(reason: 'EngineUnavailable' | 'Stopped', message: string): NewCondition {
  return newCondition(READY, 'False', { reason, message });
}

export function executorLost(message: string): NewCondition {
  return newCondition(READY, 'Unknown', { reason: ExecutorReason.HeartbeatLost, message });
}

/** Of executor managers that report no times of their own. */
const LOST_AFTER_SECONDS = 40;

/** After so many milliseconds without a heartbeat the word of an Executor no longer counts. */
export function heartbeatLostMs({ status }: Pick<Executor, 'status'>): number {
  return (status?.heartbeat?.lostAfterSeconds ?? LOST_AFTER_SECONDS) * 1000;
}

/**
 * Labels with this prefix belong to the executor manager, which gives them to its Executor and takes them away. It may
 * change no others: those of people say whom the machine is for (as node-restriction.kubernetes.io does for Nodes).
 */
export const EXECUTOR_LABEL_PREFIX = 'executor.agent.wecode.io/';

/** The labels by which every Executor describes its sandboxes, in the words of Go: `amd64`, `linux`; and the driver, such as `docker`. */
export const ExecutorLabel = {
  Arch: `${EXECUTOR_LABEL_PREFIX}arch`,
  OS: `${EXECUTOR_LABEL_PREFIX}os`,
  Runtime: `${EXECUTOR_LABEL_PREFIX}runtime`,
} as const;

/** Whether an Executor says that it is ready, and has said anything lately; `now` in milliseconds since the epoch. */
export function takesRuns(executor: Pick<Executor, 'status'>, now: number): boolean {
  const { conditions = [], lastHeartbeatTime } = executor.status ?? {};
  if (conditions.find(({ type }) => type === READY)?.status !== 'True') return false;
  return lastHeartbeatTime !== undefined && now - Date.parse(lastHeartbeatTime) < heartbeatLostMs(executor);
}
