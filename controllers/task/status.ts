import { isDeepStrictEqual } from 'node:util';
import { findCondition, withCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { SandboxCondition } from '#api/types/sandbox';
import {
  isFinalTaskStatus,
  taskComplete,
  taskFinished,
  taskNotReady,
  taskReady,
  taskUnfinished,
} from '#api/types/task';
import { taskResult } from './result.ts';
import type { Snapshot } from './snapshot.ts';
import type { StepRecord } from './step.ts';

/** How the Task stands, as the plan found it. Steps count from 0. */
export type Outcome =
  | { kind: 'waiting'; reason: 'WaitingForTeam' | 'WaitingForWorkspace'; message: string }
  | { kind: 'impossible'; reason: 'UnsupportedMode' | 'WorkspaceRequired'; message: string }
  /** `sandbox` is absent while it is being created. */
  | { kind: 'running'; step: number; sandbox?: Sandbox }
  | { kind: 'confirming'; step: number }
  | { kind: 'cancelling'; step: number }
  | { kind: 'completed' }
  | { kind: 'failed'; step: number; reason: string; message: string }
  | { kind: 'cancelled'; message: string };

export interface StatusInput {
  records: readonly StepRecord[];
  outcome: Outcome;
  snapshot?: Snapshot;
}

/** The status to be written; equal to the present one when nothing has changed. */
export function nextStatus(
  { task, now }: { task: Task; now: string },
  { records, outcome, snapshot }: StatusInput,
): TaskStatus {
  const previous = task.status ?? {};
  const status = statusWord(previous, records, outcome);
  const final = isFinalTaskStatus(status);
  const finished = finishedCondition(outcome, records);
  const conditions = nextConditions(task, { outcome, snapshot, finished, now });
  const result = final ? taskResult(records) : undefined;
  const error = errorMessage(outcome, records);
  const next: TaskStatus = {
    ...previous,
    status,
    progress: progressOf(records, outcome),
    createdAt: previous.createdAt ?? now,
    ...(previous.updatedAt === undefined ? {} : { updatedAt: previous.updatedAt }),
    ...(final ? { completedAt: now } : {}),
    ...('step' in outcome ? { currentStep: outcome.step } : {}),
    ...(snapshot === undefined
      ? {}
      : { snapshot: { ...snapshot, steps: snapshot.steps.map((step) => ({ ...step })) } }),
    ...(records.length === 0 ? {} : { subTasks: final ? withoutPending(records, now) : [...records] }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { errorMessage: error }),
    state: findCondition(conditions, 'Ready')?.status === 'True' ? 'Available' : 'Unavailable',
    message: finished.message,
    conditions,
    ...(task.metadata.generation === undefined ? {} : { observedGeneration: task.metadata.generation }),
  };
  return isDeepStrictEqual(next, previous) ? previous : { ...next, updatedAt: now };
}

function statusWord(
  previous: TaskStatus,
  records: readonly StepRecord[],
  outcome: Outcome,
): NonNullable<TaskStatus['status']> {
  switch (outcome.kind) {
    case 'waiting':
      return 'PENDING';
    case 'running':
      // Between two steps, and while a lost one is tried again, a Task that has begun stays RUNNING.
      return previous.status === 'RUNNING' || records.some(hasBegun) ? 'RUNNING' : 'PENDING';
    case 'confirming':
      return 'PENDING_CONFIRMATION';
    case 'cancelling':
      return 'CANCELLING';
    case 'completed':
      return 'COMPLETED';
    case 'failed':
    case 'impossible':
      return 'FAILED';
    case 'cancelled':
      return 'CANCELLED';
  }
}

/** Steps that will never begin; a compatible client would wait for them. */
function withoutPending(records: readonly StepRecord[], now: string): StepRecord[] {
  return records.map((record) =>
    record.status === 'PENDING' || record.status === 'RUNNING'
      ? Object.assign({}, record, { status: 'CANCELLED', updatedAt: now, completedAt: now })
      : record,
  );
}

const hasBegun = (record: StepRecord): boolean =>
  record.status === 'RUNNING' || record.status === 'COMPLETED';

function progressOf(records: readonly StepRecord[], outcome: Outcome): number {
  if (outcome.kind === 'completed') return 100;
  const done = records.filter((record) => record.status === 'COMPLETED').length;
  return records.length === 0 ? 0 : Math.floor((100 * done) / records.length);
}

function errorMessage(outcome: Outcome, records: readonly StepRecord[]): string | undefined {
  if (outcome.kind === 'impossible') return outcome.message;
  return outcome.kind === 'failed' ? failure(outcome, records) : undefined;
}

function failure(outcome: Extract<Outcome, { kind: 'failed' }>, records: readonly StepRecord[]): string {
  const why = outcome.message === '' ? outcome.reason : `${outcome.reason}: ${outcome.message}`;
  return `${stepTitle(outcome.step, records)} failed: ${why}`;
}

/** `Step 2 of 3, reviewer,`: how messages name a step. */
function stepTitle(step: number, records: readonly StepRecord[]): string {
  const title = records[step]?.title;
  if (title === undefined && records.length === 0) return 'The Task';
  return `Step ${step + 1} of ${records.length}${title === undefined ? '' : ` (${title})`}`;
}

interface ConditionInput {
  outcome: Outcome;
  snapshot: Snapshot | undefined;
  finished: NewCondition;
  now: string;
}

function nextConditions(task: Task, { outcome, snapshot, finished, now }: ConditionInput): Condition[] {
  const at = { now, generation: task.metadata.generation };
  let conditions = task.status?.conditions ?? [];
  const ready = readyCondition(outcome, snapshot);
  if (ready !== undefined) conditions = withCondition(conditions, ready, at);
  conditions = withCondition(conditions, finished, at);
  if (finished.status !== 'True') return conditions;
  const complete = taskComplete(outcome.kind === 'completed', finishedReason(outcome), finished.message);
  return withCondition(conditions, complete, at);
}

function readyCondition(outcome: Outcome, snapshot: Snapshot | undefined): NewCondition | undefined {
  if (outcome.kind === 'waiting' || outcome.kind === 'impossible') {
    return taskNotReady(outcome.reason, outcome.message);
  }
  if (snapshot === undefined) return undefined;
  const { steps, teamRef } = snapshot;
  const team = `${teamRef.namespace ?? ''}/${teamRef.name}`;
  return taskReady(`Planned ${steps.length === 1 ? 'one step' : `${steps.length} steps`} of Team "${team}".`);
}

function finishedCondition(outcome: Outcome, records: readonly StepRecord[]): NewCondition {
  switch (outcome.kind) {
    case 'waiting':
      return taskUnfinished('Pending', outcome.message);
    case 'running':
      return runningCondition(outcome, records);
    case 'confirming':
      return taskUnfinished(
        'WaitingForConfirmation',
        `${stepTitle(outcome.step, records)} has ended; set spec.currentStage to ${outcome.step + 1} to go on.`,
      );
    case 'cancelling':
      return taskUnfinished('Cancelling', `${stepTitle(outcome.step, records)} is being stopped.`);
    case 'completed':
      return taskFinished(
        'Completed',
        records.length === 1 ? 'The step has succeeded.' : 'All steps have succeeded.',
      );
    case 'failed':
      return taskFinished('Failed', failure(outcome, records));
    case 'impossible':
    case 'cancelled':
      return taskFinished(finishedReason(outcome), outcome.message);
  }
}

function runningCondition(
  { step, sandbox }: Extract<Outcome, { kind: 'running' }>,
  records: readonly StepRecord[],
): NewCondition {
  const title = stepTitle(step, records);
  const scheduled = findCondition(sandbox?.status?.conditions, SandboxCondition.Scheduled);
  if (scheduled?.status === 'False' && sandbox?.spec.executorName === undefined) {
    return taskUnfinished('Unschedulable', `${title} waits: ${scheduled.message}`);
  }
  if (sandbox?.metadata.deletionTimestamp !== undefined) {
    return taskUnfinished('Running', `${title}: its Sandbox is being deleted.`);
  }
  return taskUnfinished(
    'Running',
    `${title} is ${sandbox?.status?.phase === 'Running' ? 'under way' : 'starting'}.`,
  );
}

function finishedReason(
  outcome: Outcome,
): 'Completed' | 'Failed' | 'Cancelled' | 'UnsupportedMode' | 'WorkspaceRequired' {
  if (outcome.kind === 'impossible') return outcome.reason;
  if (outcome.kind === 'completed') return 'Completed';
  return outcome.kind === 'cancelled' ? 'Cancelled' : 'Failed';
}
