import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandbox';
import { isFinalTaskStatus } from '#api/types/task';
import type { Resolution } from './resolve.ts';
import { sandboxName, sandboxObject } from './sandbox-object.ts';
import { readSnapshot, takeSnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';
import { stepState } from './step.ts';
import type { StepRecord, StepState } from './step.ts';
import { stepResult } from './result.ts';
import { nextStatus } from './status.ts';
import type { Outcome } from './status.ts';

export interface Observation {
  task: Task;
  /** Those owned by this Task (its uid). */
  sandboxes: readonly Sandbox[];
  /** Asked only while there is no snapshot. */
  resolve: () => Resolution;
  /** RFC 3339. */
  now: string;
}

/** What to do next: first the status is written (version-checked), then the rest is done. */
export interface TaskPlan {
  /** Absent when the Task has ended. */
  status?: TaskStatus;
  /** To be created, unless it is there already. */
  create?: Sandbox;
  /** Their spec.cancel is to be set. */
  cancel: Sandbox[];
  /**
   * A Sandbox the plan takes for gone. The cache may lag behind another controller's, so the server is
   * asked before anything is done: a second agent must not start while the first one works.
   */
  mustBeGone?: { name: string; uid: string | undefined };
}

/** The plan of one Task; pure. */
export function planTask(observation: Observation): TaskPlan {
  const { task, sandboxes } = observation;
  const live = sandboxes.filter((sandbox) => !isFinalPhase(sandbox.status?.phase));
  const uncancelled = live.filter((sandbox) => sandbox.spec.cancel !== true);
  // A controller that lost a race may have created a Sandbox for a Task that had just ended.
  if (isFinalTaskStatus(task.status?.status)) return { cancel: uncancelled };
  const snapshot = readSnapshot(task.status?.snapshot);
  if (snapshot !== undefined) return planSteps(observation, snapshot);
  if (task.spec.cancel === true)
    return ended(observation, { kind: 'cancelled', message: 'Cancelled before it started.' });

  const resolution = observation.resolve();
  switch (resolution.outcome) {
    case 'resolved':
      return planSteps(observation, takeSnapshot(resolution.content, observation.now));
    case 'waiting':
      return ended(observation, { kind: 'waiting', ...resolution });
    case 'impossible':
      return ended(observation, { kind: 'impossible', ...resolution });
  }
}

function ended(observation: Observation, outcome: Outcome): TaskPlan {
  return { status: nextStatus(observation, { records: recordsOf(observation), outcome }), cancel: [] };
}

/** The status of a Task whose plan the server refuses, with the server's words. */
export function planRejected(observation: Observation, message: string): TaskStatus {
  const records = recordsOf(observation);
  const unfinished = records.findIndex((record) => record.status !== 'COMPLETED');
  const step = Math.max(unfinished, 0);
  return nextStatus(observation, { records, outcome: { kind: 'failed', step, reason: 'Rejected', message } });
}

function recordsOf({ task }: Observation): StepRecord[] {
  return [...(task.status?.subTasks ?? [])] as StepRecord[];
}

/** The walk over the steps: those that are done are taken over, the first that is not decides. */
function planSteps(observation: Observation, snapshot: Snapshot): TaskPlan {
  const { task, sandboxes, now } = observation;
  const records = snapshot.steps.map((step, index): StepRecord => {
    const known: StepRecord | undefined = task.status?.subTasks?.[index];
    return known ?? plannedRecord(step.name, step.agent.botName, now);
  });
  const plan = (step: StepPlan): TaskPlan => {
    const status = nextStatus(observation, { records, outcome: step.outcome, snapshot });
    return { cancel: [], ...step.actions, status };
  };
  for (const [index, record] of records.entries()) {
    if (record.status === 'COMPLETED') continue;
    const state = stepState(record, sandboxes);
    if (state.state !== 'succeeded') return plan(planStep({ observation, snapshot, records, index }, state));
    records[index] = completedRecord(record, state.sandbox, now);
  }
  const cancelled = task.status?.status === 'CANCELLING';
  return plan({
    outcome: cancelled
      ? { kind: 'cancelled', message: 'Cancelled when the last step had ended.' }
      : { kind: 'completed' },
  });
}

interface StepPlan {
  outcome: Outcome;
  actions?: Partial<TaskPlan>;
}

interface StepContext {
  observation: Observation;
  snapshot: Snapshot;
  /** Changed in place: the records of the status to come. */
  records: StepRecord[];
  index: number;
}

function planStep(context: StepContext, state: Exclude<StepState, { state: 'succeeded' }>): StepPlan {
  if (context.observation.task.spec.cancel === true) return planCancel(context, state);
  switch (state.state) {
    case 'not-started':
      return isConfirmed(context)
        ? start(context, 1)
        : { outcome: { kind: 'confirming', step: context.index - 1 } };
    case 'to-create':
      return start(context, context.records[context.index]?.attempt ?? 1);
    case 'live':
      return follow(context, state.sandbox);
    case 'stopping':
      return { outcome: { kind: 'running', step: context.index, sandbox: state.sandbox } };
    case 'lost':
      return planLoss(context, state);
    case 'failed':
      endRecord(context, 'FAILED', `${state.reason}: ${state.message}`);
      return {
        outcome: { kind: 'failed', step: context.index, reason: state.reason, message: state.message },
      };
    case 'cancelled':
      endRecord(context, 'CANCELLED', state.message);
      return { outcome: { kind: 'cancelled', message: `Step ${context.index + 1} was cancelled.` } };
  }
}

/** A stage with requireConfirmation is confirmed by setting spec.currentStage to the next one. */
function isConfirmed({ observation, snapshot, index }: StepContext): boolean {
  const previous = index === 0 ? undefined : snapshot.steps[index - 1];
  if (previous?.requireConfirmation !== true) return true;
  return (observation.task.spec.currentStage ?? 0) >= index;
}

function start(context: StepContext, attempt: number): StepPlan {
  const { observation, snapshot, records, index } = context;
  const { task, now } = observation;
  const run = { step: index, attempt };
  const record = records[index];
  if (record?.attempt !== attempt) {
    const { sandboxUID: _, errorMessage: __, ...rest } = record ?? {};
    records[index] = {
      ...rest,
      status: 'PENDING',
      attempt,
      executor_name: sandboxName(task, run),
      ...(task.metadata.namespace === undefined ? {} : { executor_namespace: task.metadata.namespace }),
      updatedAt: now,
    };
  }
  const previousValue = index === 0 ? '' : valueOf(records[index - 1]);
  return {
    outcome: { kind: 'running', step: index },
    actions: { create: sandboxObject(task, snapshot, { ...run, previousValue }) },
  };
}

function follow({ observation, records, index }: StepContext, sandbox: Sandbox): StepPlan {
  const record = records[index];
  const status = sandbox.status?.phase === 'Running' ? 'RUNNING' : 'PENDING';
  const uid = sandbox.metadata.uid;
  if (record !== undefined && (record.status !== status || record.sandboxUID !== uid)) {
    records[index] = {
      ...record,
      status,
      ...(uid === undefined ? {} : { sandboxUID: uid }),
      updatedAt: observation.now,
    };
  }
  return { outcome: { kind: 'running', step: index, sandbox } };
}

function planLoss(context: StepContext, loss: { reason: string; message: string }): StepPlan {
  const { task } = context.observation;
  const record = context.records[context.index];
  const attempt = record?.attempt ?? 1;
  const maxAttempts = task.spec.retryPolicy?.maxAttempts ?? 3;
  const gone = goneCheck(loss, record);
  if (attempt < maxAttempts) {
    const next = start(context, attempt + 1);
    return { ...next, actions: { ...next.actions, ...gone } };
  }
  const times = maxAttempts === 1 ? 'the only attempt' : `the last of ${maxAttempts} attempts`;
  const message = `${loss.message} It was ${times}.`.trim();
  endRecord(context, 'FAILED', `${loss.reason}: ${message}`);
  return {
    outcome: { kind: 'failed', step: context.index, reason: loss.reason, message },
    actions: gone,
  };
}

/** Only a Sandbox that is not in the cache has to be asked for. */
function goneCheck(loss: { reason: string }, record: StepRecord | undefined): Pick<TaskPlan, 'mustBeGone'> {
  return loss.reason === 'SandboxDeleted' && record?.executor_name !== undefined
    ? { mustBeGone: { name: record.executor_name, uid: record.sandboxUID } }
    : {};
}

/** Cancelling ends with the running step's end, whatever that is. */
function planCancel(context: StepContext, state: Exclude<StepState, { state: 'succeeded' }>): StepPlan {
  const record = context.records[context.index];
  const cancelled: Outcome = { kind: 'cancelled', message: 'Cancelled on request.' };
  switch (state.state) {
    case 'live':
    case 'stopping': {
      const { sandbox } = state;
      const actions = sandbox.spec.cancel === true ? {} : { cancel: [sandbox] };
      return { outcome: { kind: 'cancelling', step: context.index }, actions };
    }
    case 'to-create':
      endRecord(context, 'CANCELLED');
      return {
        outcome: cancelled,
        actions: { mustBeGone: { name: record?.executor_name ?? '', uid: undefined } },
      };
    case 'not-started':
      return { outcome: cancelled };
    case 'lost':
      endRecord(context, 'CANCELLED', state.message);
      return { outcome: cancelled, actions: goneCheck(state, record) };
    case 'failed':
    case 'cancelled':
      endRecord(context, 'CANCELLED', state.message);
      return { outcome: cancelled };
  }
}

function plannedRecord(title: string, botName: string, now: string): StepRecord {
  return {
    title,
    role: 'ASSISTANT',
    bot_ids: [botName],
    status: 'PENDING',
    progress: 0,
    createdAt: now,
    updatedAt: now,
  };
}

function completedRecord(record: StepRecord, sandbox: Sandbox, now: string): StepRecord {
  const uid = sandbox.metadata.uid;
  return {
    ...record,
    ...(uid === undefined ? {} : { sandboxUID: uid }),
    status: 'COMPLETED',
    progress: 100,
    result: stepResult(sandbox),
    updatedAt: now,
    completedAt: sandbox.status?.finishedAt ?? now,
  };
}

function endRecord(
  { observation, records, index }: StepContext,
  status: string,
  errorMessage?: string,
): void {
  const { now } = observation;
  records[index] = {
    ...records[index],
    status,
    ...(errorMessage === undefined || errorMessage === '' ? {} : { errorMessage }),
    updatedAt: now,
    completedAt: now,
  };
}

function valueOf(record: StepRecord | undefined): string {
  const value = record?.result?.['value'];
  return typeof value === 'string' ? value : '';
}
