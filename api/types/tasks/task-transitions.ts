import type { TaskStatus } from '../generated/task.ts';
import { isFinalTaskStatus } from './task.ts';

/** A state of a Task, the field `status.status`. DELETE is one of compatible clients; nothing here writes it. */
type TaskState = Exclude<NonNullable<TaskStatus['status']>, 'DELETE'>;

/** The states that may follow on each. A Task without one may get any: it is new, or a backup brings it back. */
const NEXT: Readonly<Record<TaskState, readonly TaskState[]>> = {
  PENDING: ['RUNNING', 'PENDING_CONFIRMATION', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED'],
  RUNNING: ['PENDING_CONFIRMATION', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED'],
  // The step that goes on after an answer has to find a place first.
  PENDING_CONFIRMATION: ['PENDING', 'RUNNING', 'CANCELLING', 'COMPLETED', 'FAILED', 'CANCELLED'],
  CANCELLING: ['CANCELLED', 'FAILED'],
  COMPLETED: [],
  FAILED: [],
  CANCELLED: [],
};

/**
 * The states by which one that has ended begins once more. It may end at once: fail, as when its TaskRevision is gone, or
 * complete, as when the step that was to run again is skipped this time.
 */
const REOPENED: readonly TaskState[] = ['PENDING', 'RUNNING', 'PENDING_CONFIRMATION', 'COMPLETED', 'FAILED'];

/**
 * The states that may follow on `from`, itself among them; undefined where any may.
 * @param reopened whether the spec asks for more than the Task had done when it ended
 */
export function nextStates(from: string | undefined, reopened: boolean): readonly string[] | undefined {
  if (from === undefined || !Object.hasOwn(NEXT, from)) return undefined;
  const next = NEXT[from as TaskState];
  return [...new Set([from, ...next, ...(reopened && isFinalTaskStatus(from) ? REOPENED : [])])];
}
