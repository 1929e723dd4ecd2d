import type { NewCondition } from '#api/machinery/condition';
import { findCondition } from '#api/machinery/condition';
import type { Task, TaskTransition } from '#api/types/generated/task';
import { newCondition } from '#api/types/ready';
import { isGivenUp, nextTold } from '#api/types/tasks/task-callback';

/** False when the address was given up; True once a message arrived after that. Absent before there was any trouble. */
export const CALLBACK_DELIVERED = 'CallbackDelivered';

/**
 * Seconds before each further attempt at a message, about a day together; then the address is dead. Receivers deploy and
 * fall over for minutes, and a Task is no queue for those that are gone.
 */
export const RETRY_SECONDS = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 21_600, 28_800] as const;

export type CallbackPlan =
  | { kind: 'nothing' }
  | { kind: 'wait'; ms: number }
  | { kind: 'send'; transition: TaskTransition }
  /** Of the trouble, or of its end. */
  | { kind: 'tell'; condition: NewCondition };

/**
 * The next step for the callback of a Task; pure.
 * @param delivered number of the last transition that is known to be told; the Task itself may be an older one
 */
export function planCallback(
  task: Task,
  { now, delivered }: { now: number; delivered: number },
): CallbackPlan {
  const condition = missingCondition(task);
  if (condition !== undefined) return { kind: 'tell', condition };
  const transition = nextTold(withDelivered(task, delivered));
  if (transition === undefined || isGivenUp(task)) return { kind: 'nothing' };
  const { delivered: known = 0, nextAttemptAt } = task.status?.callback ?? {};
  // The delay belongs to the message that failed.
  const at = delivered > known || nextAttemptAt === undefined ? 0 : Date.parse(nextAttemptAt);
  return at > now ? { kind: 'wait', ms: at - now } : { kind: 'send', transition };
}

function withDelivered(task: Task, delivered: number): Pick<Task, 'spec' | 'status'> {
  const known = task.status?.callback?.delivered ?? 0;
  if (delivered <= known) return task;
  return { spec: task.spec, status: { ...task.status, callback: { delivered } } };
}

function missingCondition(task: Task): NewCondition | undefined {
  const shown = findCondition(task.status?.conditions, CALLBACK_DELIVERED);
  const { message = '' } = task.status?.callback ?? {};
  if (isGivenUp(task)) {
    if (shown?.status === 'False') return undefined;
    const { failures = 0 } = task.status?.callback ?? {};
    const attempts = failures === 1 ? 'one attempt' : `${failures} attempts`;
    const text = `The address was given up after ${attempts}: ${message} A change of the spec tries it again.`;
    return newCondition(CALLBACK_DELIVERED, 'False', { reason: 'GivenUp', message: text });
  }
  const works = task.status?.callback?.failures === undefined;
  if (shown?.status !== 'False' || !works) return undefined;
  return newCondition(CALLBACK_DELIVERED, 'True', { reason: 'Delivered', message: 'Messages arrive.' });
}

/** The fields of status.callback after an attempt that failed. */
export interface FailedAttempt {
  failures: number;
  message: string;
  /** When it is tried again, in milliseconds. */
  nextAt?: number;
  givenUpGeneration?: number;
}

/** @param isFinal the address says that it is gone for good */
export function failedAttempt(
  task: Task,
  { why: message, isFinal, now }: { why: string; isFinal: boolean; now: number },
): FailedAttempt {
  const { failures: before = 0, givenUpGeneration } = task.status?.callback ?? {};
  // After a change of the spec it is tried from the beginning.
  const failures = (givenUpGeneration === undefined ? before : 0) + 1;
  const delay = isFinal ? undefined : RETRY_SECONDS[failures - 1];
  return delay === undefined
    ? { failures, message, givenUpGeneration: task.metadata.generation ?? 0 }
    : { failures, message, nextAt: now + delay * 1000 };
}
