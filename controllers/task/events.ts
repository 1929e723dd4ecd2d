import type { Task, TaskStatus } from '#api/types/generated/task';
import { findCondition } from '#api/machinery/condition';
import type { RecordedEvent } from '../runtime/recorder.ts';
import type { StepRecord } from './step.ts';

/** What happened between two statuses of a Task, for `kubectl describe`; waiting is told of elsewhere. */
export function taskEvents(before: TaskStatus | undefined, after: TaskStatus): RecordedEvent[] {
  return [
    ...(before?.snapshot === undefined && after.snapshot !== undefined ? [started(after)] : []),
    ...(after.subTasks ?? []).flatMap((record, index) => stepEvents(before?.subTasks?.[index], record)),
    ...outcomeEvents(before, after),
  ];
}

function started(after: TaskStatus): RecordedEvent {
  const message = findCondition(after.conditions, 'Ready')?.message ?? '';
  return { type: 'Normal', reason: 'TaskStarted', message };
}

function stepEvents(before: StepRecord | undefined, after: StepRecord): RecordedEvent[] {
  const title = `Step "${after.title ?? ''}"`;
  const events: RecordedEvent[] = [];
  if (before?.attempt !== undefined && after.attempt !== undefined && after.attempt > before.attempt) {
    events.push({
      type: 'Warning',
      reason: 'StepRetried',
      message: `${title} lost Sandbox ${before.executor_name ?? ''}; attempt ${after.attempt} follows.`,
    });
  }
  if (after.status === 'COMPLETED' && before?.status !== 'COMPLETED') {
    const message = `${title} succeeded in Sandbox ${after.executor_name ?? ''}.`;
    events.push({ type: 'Normal', reason: 'StepFinished', message });
  }
  return events;
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

/** A Sandbox was created for the step. */
export function stepStarted(task: Task, sandboxName: string, step: number): RecordedEvent {
  const title = task.status?.subTasks?.[step]?.title ?? '';
  return {
    type: 'Normal',
    reason: 'StepStarted',
    message: `Created Sandbox ${sandboxName} for step "${title}".`,
  };
}
