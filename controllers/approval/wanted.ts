import type { Approval } from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';

/**
 * Whether its Task waits for the Approval. A Task names those that it has made, before it makes them; one that somebody
 * else has made for a Task is wanted until the Task has ended.
 */
export function isWanted({ metadata, spec }: Approval, task: Task | undefined): boolean {
  if (task === undefined || task.metadata.deletionTimestamp !== undefined) return false;
  if (spec.taskRef.uid !== undefined && spec.taskRef.uid !== task.metadata.uid) return false;
  if (isFinalTaskStatus(task.status?.status)) return false;
  const isItsOwn = metadata.ownerReferences?.some(
    ({ controller, uid }) => controller === true && uid === task.metadata.uid,
  );
  return isItsOwn !== true || task.status?.approvals?.some(({ name }) => name === metadata.name) === true;
}
