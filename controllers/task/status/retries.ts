import type { Task, TaskStatus } from '#api/types/generated/task';
import { waitingRetries } from '#api/types/tasks/task';

export type RejectedRetry = NonNullable<TaskStatus['rejectedRetries']>[number];

/** The wishes of people that the Task has not heard of. */
export function newRetries(task: Task): NonNullable<Task['spec']['retries']> {
  const waiting = new Set(waitingRetries(task));
  return (task.spec.retries ?? []).filter(({ id }) => waiting.has(id));
}

/** The fields of a status that has heard of all wishes; `rejected` are those of the new ones that change nothing. */
export function takenUp(
  { spec, status }: Task,
  rejected: readonly RejectedRetry[],
): Pick<TaskStatus, 'rejectedRetries' | 'retries'> {
  const ids = (spec.retries ?? []).map(({ id }) => id);
  const all = [...(status?.rejectedRetries ?? []), ...rejected].filter(({ id }) => ids.includes(id));
  return { retries: ids, ...(all.length === 0 ? {} : { rejectedRetries: all }) };
}
