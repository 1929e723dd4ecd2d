import type { NewCondition } from '../machinery/condition.ts';
import { newCondition, READY, ready } from './ready.ts';

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
} as const;

export function executorReady(message: string): NewCondition {
  return ready(ExecutorReason.EngineReady, message);
}

export function executorNotReady(reason: 'EngineUnavailable' | 'Stopped', message: string): NewCondition {
  return newCondition(READY, 'False', { reason, message });
}

export function executorLost(message: string): NewCondition {
  return newCondition(READY, 'Unknown', { reason: ExecutorReason.HeartbeatLost, message });
}
