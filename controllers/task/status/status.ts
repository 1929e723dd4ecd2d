import { isDeepStrictEqual } from 'node:util';
import { findCondition, fittingMessage } from '#api/machinery/condition';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus, TaskSubTask } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import { memberNamesOf } from '#api/types/tasks/task-revision';
import { namedApproval } from '../approvals/ask.ts';
import type { Ask } from '../approvals/ask.ts';
import { stageOf } from '../graph/stages.ts';
import { endedRecord, isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { hasRevision, readRevision } from '../revision/task-revision.ts';
import type { Revision } from '../revision/revision.ts';
import { activeTime } from './active-time.ts';
import { finishedCondition, nextConditions } from './conditions.ts';
import { messageStates } from './messages.ts';
import type { MessagesOf } from './messages.ts';
import { nodesOf } from './outcome.ts';
import { innerProgram } from '../unfold/quality/program.ts';
import type { Conclusion } from '../unfold/unfold.ts';
import { isWorkflow } from '../unfold/workflow/workflow-program.ts';
import type { NodeRun, Outcome } from './outcome.ts';
import { openQuestions } from './questions.ts';
import type { OpenQuestionsOf } from './questions.ts';
import { taskResult } from './result.ts';
import { newRetries, takenUp } from './retries.ts';
import { spendingOf } from './spending.ts';
import type { Grants } from './spending.ts';
import { failureMessage } from './wording.ts';

export interface StatusInput {
  /** In the order of the nodes. */
  records: readonly NodeRecord[];
  outcome: Outcome;
  /** With all nodes that are known by now. */
  revision?: Revision;
  /** As the program of the Task says it. */
  conclusion?: Conclusion;
  /** The grants of the budget that people have given; absent where they are as they were. */
  grants?: Grants | undefined;
  /** The names of all who may work for the Task; those of its TaskRevision when absent. */
  members?: readonly string[];
  /** The questions to people. */
  asks?: readonly Ask[];
}

export interface StatusSources {
  task: Task;
  /** The one that the status names, where it is there. */
  taskRevision: TaskRevision | undefined;
  sandboxes: readonly Sandbox[];
  now: string;
}

/** The status to be written; equal to the present one when nothing has changed. */
export function nextStatus(
  { task, taskRevision, sandboxes, now }: StatusSources,
  { records, outcome, revision, conclusion = {}, grants, asks, members }: StatusInput,
): TaskStatus {
  const previous = task.status ?? {};
  const current = records.filter(({ node }) => conclusion.past?.has(node) !== true);
  const status = statusWord(previous, current, outcome);
  const final = isFinalTaskStatus(status);
  const finished = finishedCondition(outcome, records, { task, asks });
  const conditions = nextConditions(task, { outcome, records, revision, finished, asks, now });
  const known = revision ?? readRevision(previous, taskRevision);
  const result = final ? taskResult(records, known?.nodes ?? [], conclusion) : undefined;
  const error = errorMessage(outcome, records);
  const next: TaskStatus = {
    ...unsettled(previous),
    status,
    progress: progressOf(previous, records, outcome),
    createdAt: previous.createdAt ?? now,
    ...(final ? { completedAt: now } : {}),
    ...currentStep(outcome, records),
    ...spendingOf(task, records, grants),
    ...activeTime(task, { outcome, word: status, now }),
    ...(revision?.name === undefined ? {} : { revision: revision.name }),
    ...executionMode(revision),
    ...(final ? {} : asked({ task, records, sandboxes }, asks)),
    ...wishes({ task, records, members }, { final, known }),
    ...(records.length === 0 ? {} : { subTasks: final ? withoutPending(records, now) : records.map(stored) }),
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { errorMessage: fittingMessage(error) }),
    state: findCondition(conditions, 'Ready')?.status === 'True' ? 'Available' : 'Unavailable',
    message: fittingMessage(finished.message),
    conditions,
    ...(task.metadata.generation === undefined ? {} : { observedGeneration: task.metadata.generation }),
  };
  return isDeepStrictEqual(next, previous) ? previous : { ...next, updatedAt: now };
}

/** Without what is worked out again each time; of a Task that is taken up again, its last end is no news. */
function unsettled(status: TaskStatus): TaskStatus {
  const { questions: _, approvals: _approvals, messages: _messages, ...rest } = status;
  const { activeSince: __, activeSeconds: ___, completedAt: ____, errorMessage: _____, ...kept } = rest;
  return kept;
}

function asked(
  from: OpenQuestionsOf,
  asks: readonly Ask[] = [],
): Pick<TaskStatus, 'approvals' | 'questions'> {
  const questions = openQuestions(from);
  const approvals = asks
    .filter(({ isBlocked }) => isBlocked !== true)
    .map((ask) => namedApproval(from.task, ask));
  return {
    ...(questions.length === 0 ? {} : { questions }),
    ...(approvals.length === 0 ? {} : { approvals }),
  };
}

function executionMode(revision: Revision | undefined): Pick<TaskStatus, 'executionMode'> {
  const program = innerProgram(revision?.program);
  return program !== undefined && isWorkflow(program) ? { executionMode: program.mode } : {};
}

/** How far the wishes of people have come; one that a Task begins by, which never had a step, is heard with that. */
function wishes(
  from: MessagesOf,
  { final, known }: { final: boolean; known: Revision | undefined },
): Pick<TaskStatus, 'messages' | 'rejectedRetries' | 'retries'> {
  const { task, members = known && memberNamesOf(known) } = from;
  const messages = messageStates({ ...from, members }, final ? 'given up' : undefined);
  const isHeard = !hasRevision(task.status) && (final || isFinalTaskStatus(task.status?.status));
  return {
    ...(messages.length === 0 ? {} : { messages }),
    ...(isHeard && newRetries(task).length > 0 ? takenUp(task, []) : {}),
  };
}

/** The field of compatible clients: of several nodes, the first. */
function currentStep(outcome: Outcome, records: readonly NodeRecord[]): Pick<TaskStatus, 'currentStep'> {
  const [first] = nodesOf(outcome);
  if (first === undefined) return {};
  return {
    currentStep: stageOf(
      records.map(({ node }) => node),
      first,
    ),
  };
}

function statusWord(
  previous: TaskStatus,
  records: readonly NodeRecord[],
  outcome: Outcome,
): NonNullable<TaskStatus['status']> {
  switch (outcome.kind) {
    case 'waiting':
      return 'PENDING';
    case 'running':
      // Compatible clients show people that something is expected of them.
      if (outcome.runs.length > 0 && outcome.runs.every(isAsking)) return 'PENDING_CONFIRMATION';
      return begunWord(previous, records);
    case 'resting':
      return outcome.waits.some(({ isForPeople }) => isForPeople)
        ? 'PENDING_CONFIRMATION'
        : begunWord(previous, records);
    case 'held':
    case 'failing':
      // Between two steps, and while a lost one is tried again, a Task that has begun stays RUNNING.
      return begunWord(previous, records);
    case 'confirming':
    case 'asking':
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

/** A Task that is being stopped does not go on, whatever fails meanwhile. */
function begunWord(
  previous: TaskStatus,
  records: readonly NodeRecord[],
): 'PENDING' | 'RUNNING' | 'CANCELLING' {
  if (previous.status === 'CANCELLING') return 'CANCELLING';
  return previous.status === 'RUNNING' || records.some(hasBegun) ? 'RUNNING' : 'PENDING';
}

/** The run waits for a person, in its sandbox. */
function isAsking({ sandbox }: NodeRun): boolean {
  return (sandbox?.status?.questions ?? []).some(
    ({ id }) => sandbox?.spec.answers?.every((one) => one.id !== id) ?? true,
  );
}

/** Steps that will never begin, or never go on; a compatible client would wait for them. */
function withoutPending(records: readonly NodeRecord[], now: string): TaskSubTask[] {
  return records.map((record) =>
    stored(isEnded(record) ? record : endedRecord(record, { status: 'CANCELLED' }, now)),
  );
}

const stored = (record: NodeRecord): TaskSubTask => ({ ...record });

const hasBegun = (record: NodeRecord): boolean =>
  record.status === 'RUNNING' || record.status === 'COMPLETED';

/** It never goes back, although a graph that grows has more to do than was known before. */
function progressOf(previous: TaskStatus, records: readonly NodeRecord[], outcome: Outcome): number {
  if (outcome.kind === 'completed') return 100;
  const done = records.filter(({ status }) => status === 'COMPLETED' || status === 'SKIPPED').length;
  const now = records.length === 0 ? 0 : Math.floor((100 * done) / records.length);
  const before = isFinalTaskStatus(previous.status) ? 0 : (previous.progress ?? 0);
  return Math.max(before, Math.min(now, 99));
}

function errorMessage(outcome: Outcome, records: readonly NodeRecord[]): string | undefined {
  if (outcome.kind === 'impossible') return outcome.message;
  return outcome.kind === 'failed' ? failureMessage(outcome.failure, records) : undefined;
}
