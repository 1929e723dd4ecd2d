import { objectKey } from '#api/machinery/meta';
import type { Approval } from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import type { RecordedEvent } from '../../runtime/recorder.ts';
import { isOwnApproval } from './ask.ts';

/** Names that somebody else has given to Approvals: the Task cannot ask by them, and heeds no decision about them. */
export function inTheWay(
  task: Task,
  wanted: readonly Approval[],
  known: { get(key: string): Approval | undefined },
): ReadonlySet<string> {
  const names = wanted
    .map(({ metadata }) => known.get(objectKey(metadata)))
    .filter((found) => found !== undefined)
    .filter((found) => !isOwnApproval(task, found));
  return new Set(names.map(({ metadata }) => metadata.name));
}

/** A sentence for people. */
export const whyInTheWay = (name: string): string =>
  `Approval ${name} is not of this Task: nobody is asked until it is deleted.`;

export const inTheWayEvent = (name: string): RecordedEvent => ({
  type: 'Warning',
  reason: 'ApprovalInTheWay',
  message: whyInTheWay(name),
});
