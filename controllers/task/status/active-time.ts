import { formatTime } from '#api/machinery/clock';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { Outcome } from './outcome.ts';

/**
 * The time that counts to spec.activeDeadlineSeconds: from the start on, but for the time in which people are asked or the Task
 * is suspended and nothing runs. Only a Task with such a limit notes it.
 */
type ActiveTime = Pick<TaskStatus, 'activeSeconds' | 'activeSince'>;

/** The fields of the status that is written at `now` (RFC 3339). */
export function activeTime(
  { spec, status = {} }: Task,
  { outcome, word, now }: { outcome: Outcome; word: TaskStatus['status']; now: string },
): ActiveTime {
  if (spec.activeDeadlineSeconds === undefined) return {};
  // The time of one that is taken up again begins again.
  const { activeSeconds, activeSince }: ActiveTime = isFinalTaskStatus(status.status) ? {} : status;
  if (counts(outcome, word)) {
    return { ...(activeSeconds === undefined ? {} : { activeSeconds }), activeSince: activeSince ?? now };
  }
  const seconds = activeMs(status, now) / 1000;
  return seconds === 0 ? {} : { activeSeconds: seconds };
}

function counts(outcome: Outcome, word: TaskStatus['status']): boolean {
  if (word !== 'PENDING' && word !== 'RUNNING') return false;
  if (outcome.kind === 'held') return outcome.runs.length > 0;
  return outcome.kind !== 'waiting';
}

/** The clock may be behind that of the controller which noted the start: time never counts backwards. */
const activeMs = ({ activeSeconds = 0, activeSince }: ActiveTime, now: string): number =>
  activeSeconds * 1000 +
  (activeSince === undefined ? 0 : Math.max(0, Date.parse(now) - Date.parse(activeSince)));

/** When the time of the Task is over, RFC 3339; undefined where it has all the time, or its time stands still. */
export function deadlineOf({ spec, status = {} }: Task): string | undefined {
  const { activeDeadlineSeconds: limit } = spec;
  const { activeSeconds = 0, activeSince } = status;
  if (limit === undefined || activeSince === undefined) return undefined;
  return formatTime(Date.parse(activeSince) + (limit - activeSeconds) * 1000);
}
