import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskStatus } from '#api/types/generated/task';
import { findCondition } from '#api/machinery/condition';
import { isFinalTaskStatus, TaskCondition } from '#api/types/tasks/task';
import type { RecordedEvent } from '../../runtime/recorder.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { hasRevision } from '../revision/task-revision.ts';
import { sentence } from './wording.ts';

/** What happened between two statuses of a Task, for `kubectl describe`; waiting is told of elsewhere. */
export function taskEvents(
  before: TaskStatus | undefined,
  after: TaskStatus,
  sandboxes: readonly Sandbox[] = [],
): RecordedEvent[] {
  const known = new Map(readRecords(before).map((record) => [record.node, record]));
  return [
    ...(!hasRevision(before) && hasRevision(after) ? [started(after)] : []),
    ...(isFinalTaskStatus(before?.status) && !isFinalTaskStatus(after.status) ? [TAKEN_UP] : []),
    ...forkEvents(known, after),
    ...readRecords(after).flatMap((record) => stepEvents(known.get(record.node), record, sandboxes)),
    ...placeEvents(before, after),
    ...rejectionEvents(before, after),
    // The failure that ends the Task is told of with its end.
    ...(isFinalTaskStatus(after.status)
      ? []
      : readRecords(after).flatMap((record) => failureEvents(known.get(record.node), record))),
    ...outcomeEvents(before, after),
  ];
}

const TAKEN_UP: RecordedEvent = {
  type: 'Normal',
  reason: 'TaskContinued',
  message: 'The Task is taken up again.',
};

function started(after: TaskStatus): RecordedEvent {
  const message = findCondition(after.conditions, 'Ready')?.message ?? '';
  return { type: 'Normal', reason: 'TaskStarted', message };
}

/** The ends of these steps were told of at the Task that has done them. */
function forkEvents(known: ReadonlyMap<string, NodeRecord>, after: TaskStatus): RecordedEvent[] {
  const taken = readRecords(after).filter(
    ({ node, forkedFrom }) => forkedFrom !== undefined && !known.has(node),
  );
  if (taken.length === 0) return [];
  const steps = taken.map(({ title = '' }) => `"${title}"`).join(', ');
  return [{ type: 'Normal', reason: 'TaskForked', message: `Took over what was done already: ${steps}.` }];
}

/** Of what people want: the one who asked may be gone by now. */
function rejectionEvents(before: TaskStatus | undefined, after: TaskStatus): RecordedEvent[] {
  const known = new Set((before?.rejectedRetries ?? []).map(({ id }) => id));
  return (after.rejectedRetries ?? [])
    .filter(({ id }) => !known.has(id))
    .map(({ message }) => ({ type: 'Warning', reason: 'RetryRejected', message }));
}

const NO_PLACE: ReadonlySet<string> = new Set(['NoExecutor', 'NoCapacity', 'QuotaExceeded']);

/** The Sandboxes have Events of their own; of the Task there is one for all that wait. */
function placeEvents(before: TaskStatus | undefined, after: TaskStatus): RecordedEvent[] {
  const message = missingPlace(after);
  if (message === undefined || message === missingPlace(before)) return [];
  return [{ type: 'Warning', reason: 'FailedScheduling', message }];
}

function missingPlace(status: TaskStatus | undefined): string | undefined {
  const scheduled = findCondition(status?.conditions, TaskCondition.Scheduled);
  if (scheduled?.status !== 'False' || !NO_PLACE.has(scheduled.reason)) return undefined;
  return scheduled.message;
}

function stepEvents(
  before: NodeRecord | undefined,
  after: NodeRecord,
  sandboxes: readonly Sandbox[],
): RecordedEvent[] {
  const title = `Step "${after.title ?? ''}"`;
  const events: RecordedEvent[] = [];
  if (after.forkedFrom !== undefined) return events;
  if (before?.attempt !== undefined && after.attempt !== undefined && after.attempt > before.attempt) {
    events.push(nextAttemptEvent(title, { before, after, sandboxes }));
  }
  if (after.retryAt !== undefined && after.retryAt !== before?.retryAt) {
    const why = sentence(`${title} failed: ${after.errorMessage ?? 'Unknown'}`);
    const message = `${why} Attempt ${(after.attempt ?? 1) + 1} follows at ${after.retryAt}.`;
    events.push({ type: 'Warning', reason: 'StepFailed', message });
  }
  if (after.status === 'COMPLETED' && before?.status !== 'COMPLETED') {
    const { executor_name: sandbox } = after;
    const where = sandbox === undefined ? '' : ` in Sandbox ${sandbox}`;
    events.push({ type: 'Normal', reason: 'StepFinished', message: `${title} succeeded${where}.` });
  }
  return events;
}

interface NextAttempt {
  before: NodeRecord;
  after: NodeRecord;
  sandboxes: readonly Sandbox[];
}

function nextAttemptEvent(title: string, { before, after, sandboxes }: NextAttempt): RecordedEvent {
  const follows = `attempt ${after.attempt ?? 1} follows.`;
  if ((after.history?.length ?? 0) > (before.history?.length ?? 0)) {
    return { type: 'Normal', reason: 'StepRenewed', message: `${title} runs again on request; ${follows}` };
  }
  if (after.resumed !== before.resumed) {
    return { type: 'Normal', reason: 'StepResumed', message: `${title} goes on after an answer; ${follows}` };
  }
  if (before.retryAt !== undefined) {
    return { type: 'Normal', reason: 'StepRetried', message: `${title} is tried again; ${follows}` };
  }
  const lost = before.executor_name ?? '';
  const disruption = sandboxes.find(({ metadata }) => metadata.name === lost)?.spec.disruption;
  if (disruption !== undefined) {
    const message = `${title}: Sandbox ${lost} was ${disruption.toLowerCase()}; ${follows}`;
    return { type: 'Normal', reason: 'StepRetried', message };
  }
  return { type: 'Warning', reason: 'StepRetried', message: `${title} lost Sandbox ${lost}; ${follows}` };
}

function failureEvents(before: NodeRecord | undefined, after: NodeRecord): RecordedEvent[] {
  if (after.status !== 'FAILED' || before?.status === 'FAILED' || after.forkedFrom !== undefined) return [];
  const message = `Step "${after.title ?? ''}" failed: ${after.errorMessage ?? 'Unknown'}`;
  return [{ type: 'Warning', reason: 'StepFailed', message }];
}

const OUTCOMES: ReadonlyMap<string, [type: RecordedEvent['type'], reason: string]> = new Map([
  ['COMPLETED', ['Normal', 'TaskCompleted']],
  ['FAILED', ['Warning', 'TaskFailed']],
  ['CANCELLED', ['Normal', 'TaskCancelled']],
  ['PENDING_CONFIRMATION', ['Normal', 'ConfirmationRequested']],
]);

function outcomeEvents(before: TaskStatus | undefined, after: TaskStatus): RecordedEvent[] {
  const outcome = before?.status === after.status ? undefined : OUTCOMES.get(after.status ?? '');
  if (outcome === undefined) return [];
  return [{ type: outcome[0], reason: outcome[1], message: after.message ?? '' }];
}

/** The Sandbox was created. */
export function stepStarted({ metadata, spec }: Sandbox): RecordedEvent {
  const title = spec.stepName ?? '';
  return {
    type: 'Normal',
    reason: 'StepStarted',
    message: `Created Sandbox ${metadata.name} for step "${title}".`,
  };
}
