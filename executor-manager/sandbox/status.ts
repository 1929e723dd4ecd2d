import { formatTime } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { StatusError } from '#api/machinery/status-error';
import type { Sandbox, SandboxQuestion, SandboxStatus } from '#api/types/generated/sandbox';
import {
  isFinalPhase,
  SandboxCondition,
  sandboxFinished,
  sandboxNotReady,
  sandboxReady,
  sandboxWorkNotSaved,
} from '#api/types/sandboxes/sandbox';
import type { Runtime } from '../drivers/driver.ts';
import type { Outcome } from './outcome.ts';

/** Each function gives the whole next status of a Sandbox from the one it has; pure. */

/** When, in milliseconds since the epoch. */
type Now = number;

export function isFinal(sandbox: Sandbox): boolean {
  return isFinalPhase(sandbox.status?.phase);
}

/** Bound, but the executor has no room yet. */
export function waiting(sandbox: Sandbox, message: string, now: Now): SandboxStatus {
  return next(
    sandbox,
    { phase: 'Pending', reason: 'NoPort', message },
    {
      now,
      conditions: [sandboxNotReady('NoPort', message)],
    },
  );
}

/**
 * Taken up: from here on this executor, and nobody else, runs it. The runtime has its id before it is started, so that
 * another manager finds whatever there is of it.
 * @throws StatusError Gone when somebody else has taken it up.
 */
export function claimed(
  sandbox: Sandbox,
  by: { executorName: string; runtimeID: string },
  now: Now,
): SandboxStatus {
  const { phase, runtimeID } = sandbox.status ?? {};
  if ((phase === 'Starting' || phase === 'Running') && runtimeID !== by.runtimeID) {
    throw new StatusError('Gone', `the Sandbox was taken up by somebody else, in the runtime ${runtimeID}`);
  }
  const message = 'The sandbox is being started.';
  return next(
    sandbox,
    { phase: 'Starting', reason: 'Starting', message, ...by, startedAt: formatTime(now) },
    { now, conditions: [sandboxNotReady('Starting', message)] },
  );
}

/** Taken up, and something that may take long is waited for. */
export function starting(sandbox: Sandbox, message: string, now: Now): SandboxStatus {
  // Told after the run has begun, it is old news.
  if (sandbox.status?.phase !== 'Starting') return sandbox.status ?? {};
  return next(
    sandbox,
    { phase: 'Starting', reason: 'Pulling', message },
    { now, conditions: [sandboxNotReady('Pulling', message)] },
  );
}

export function running(
  sandbox: Sandbox,
  where: { runtime: Pick<Runtime, 'id' | 'name'>; hostPort: number | undefined },
  now: Now,
): SandboxStatus {
  const condition = sandboxReady(sandbox.spec);
  return next(
    sandbox,
    {
      phase: 'Running',
      reason: condition.reason,
      message: condition.message,
      runtimeID: where.runtime.id,
      runtime: { name: where.runtime.name },
      ...(where.hostPort === undefined ? {} : { hostPort: where.hostPort }),
      runningAt: sandbox.status?.runningAt ?? formatTime(now),
    },
    { now, conditions: [condition] },
  );
}

/** People are asked, or no longer. A run that has ended keeps what its end says. */
export function asking(sandbox: Sandbox, questions: SandboxQuestion[], now: Now): SandboxStatus {
  if (isFinal(sandbox)) return sandbox.status ?? {};
  const { questions: _, ...status } = next(sandbox, {}, { now, conditions: [] });
  return questions.length === 0 ? status : { ...status, questions };
}

/** The agent has got messages of people. A run that has ended keeps what its end says. */
export function talkedTo(sandbox: Sandbox, appliedMessages: string[], now: Now): SandboxStatus {
  if (isFinal(sandbox)) return sandbox.status ?? {};
  return next(sandbox, { appliedMessages }, { now, conditions: [] });
}

export function finished(
  sandbox: Sandbox,
  end: { outcome: Outcome; lastEventSeq: number | undefined },
  now: Now,
): SandboxStatus {
  const { phase, reason, message, result, questions, messages } = end.outcome;
  const { questions: _, ...status } = sandbox.status ?? {};
  return next(
    { ...sandbox, status },
    {
      phase,
      reason,
      message,
      finishedAt: formatTime(now),
      ...(end.lastEventSeq === undefined ? {} : { lastEventSeq: end.lastEventSeq }),
      ...(result === undefined ? {} : { result }),
      ...(questions === undefined ? {} : { questions }),
      ...(messages === undefined ? {} : { appliedMessages: messages }),
    },
    { now, conditions: [sandboxNotReady(reason, message), sandboxFinished(reason, message)] },
  );
}

/** The files of the run are lost; the rest of the status stays. */
export function notSaved(sandbox: Sandbox, cause: string, now: Now): SandboxStatus {
  const message = `The files of the run could not be saved: ${cause.slice(0, MOST_CAUSE)}.`;
  return next(sandbox, {}, { now, conditions: [sandboxWorkNotSaved(message)] });
}

/** Of a condition's message, in characters. */
const MOST_CAUSE = 1024;

function next(
  sandbox: Sandbox,
  change: SandboxStatus,
  found: { now: Now; conditions: NewCondition[] },
): SandboxStatus {
  const { generation } = sandbox.metadata;
  const at = { now: formatTime(found.now), generation };
  let conditions = sandbox.status?.conditions;
  for (const condition of found.conditions) conditions = withCondition(conditions, condition, at);
  return {
    ...sandbox.status,
    ...change,
    conditions: readyFirst(conditions ?? []),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function readyFirst<C extends { type: string }>(conditions: C[]): C[] {
  const isReady = (condition: C): boolean => condition.type === SandboxCondition.Ready;
  return [...conditions.filter(isReady), ...conditions.filter((condition) => !isReady(condition))];
}
