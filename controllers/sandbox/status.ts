import { withCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import {
  sandboxBound,
  sandboxFinished,
  sandboxNotReady,
  SandboxReason,
  sandboxUnbound,
} from '#api/types/sandboxes/sandbox';
import type { Wait } from './binding/wait.ts';

/** The statuses the sandbox controller writes; all others are the executor manager's. */

/** About to be bound; written before the binding, since the status is the executor manager's from then on. */
export function boundStatus(sandbox: Sandbox, executorName: string, now: string): SandboxStatus {
  const { reason: _reason, message: _message, ...rest } = sandbox.status ?? {};
  return {
    ...rest,
    phase: 'Pending',
    conditions: conditions(sandbox, [sandboxBound(executorName)], now),
    ...generation(sandbox),
  };
}

/** No Executor takes it. */
export function waitingStatus(
  sandbox: Sandbox,
  wait: Pick<Wait, 'reason' | 'message'>,
  now: string,
): SandboxStatus {
  return {
    ...sandbox.status,
    phase: 'Pending',
    reason: wait.reason,
    message: wait.message,
    conditions: conditions(sandbox, [sandboxUnbound(wait.reason, wait.message)], now),
    ...generation(sandbox),
  };
}

/** Cancelled while no executor manager had it: before one was found, or while a person was asked. */
export function cancelledStatus(sandbox: Sandbox, message: string, now: string): SandboxStatus {
  const { questions: _, ...status } = sandbox.status ?? {};
  return finalStatus({ ...sandbox, status }, { phase: 'Cancelled', reason: 'Cancelled', message }, now);
}

/** Its Executor has vanished or stopped reporting. */
export function lostStatus(sandbox: Sandbox, message: string, now: string): SandboxStatus {
  return finalStatus(sandbox, { phase: 'Failed', reason: SandboxReason.ExecutorLost, message }, now);
}

interface End {
  phase: 'Cancelled' | 'Failed';
  reason: 'Cancelled' | 'ExecutorLost';
  message: string;
}

function finalStatus(sandbox: Sandbox, end: End, now: string): SandboxStatus {
  const findings = [sandboxNotReady(end.reason, end.message), sandboxFinished(end.reason, end.message)];
  return {
    ...sandbox.status,
    ...end,
    finishedAt: now,
    conditions: conditions(sandbox, findings, now),
    ...generation(sandbox),
  };
}

function conditions(sandbox: Sandbox, findings: readonly NewCondition[], now: string): Condition[] {
  const at = { now, generation: sandbox.metadata.generation };
  return findings.reduce<Condition[]>(
    (list, finding) => withCondition(list, finding, at),
    sandbox.status?.conditions ?? [],
  );
}

function generation({ metadata }: Sandbox): { observedGeneration?: number } {
  return metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
}
