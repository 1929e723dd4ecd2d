import type { NewCondition } from '../machinery/condition.ts';
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
