import type { Task, TaskStatus, TaskSubTask } from '#api/types/generated/task';
import { isFinalTaskStatus, waitingRetries } from '#api/types/tasks/task';
import { stageDecision } from '../approvals/stages.ts';
import { endedAmong, readRecords, renewedRecord } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { knownGraph } from '../unfold/follow-ups.ts';
import type { Programs, Unfolded } from '../unfold/unfold.ts';

/** Whether people want steps to run again, and the Task has ended, so that it can be done. */
export function mayRenew(task: Task): boolean {
  return isFinalTaskStatus(task.status?.status) && waitingRetries(task).length > 0;
}

/**
 * The Task with the records of the steps that are to run again as they are before their start; undefined when no step is to
 * run again. All have ended, so nothing of them is alive; attempts go on counting, so that no name stands for two runs.
 */
export function renewed(
  task: Task,
  { revision, programs, now }: { revision: Revision; programs: Programs; now: string },
): Task | undefined {
  const records = readRecords(task.status);
  const graph = knownGraph({ revision, history: { task, ended: endedAmong(records) } }, programs);
  const again = affected(task, graph, records);
  if (again.size === 0) return undefined;
  const stored = (record: NodeRecord): TaskSubTask => ({ ...record });
  const planned = new Map(graph.nodes.map((node) => [node.id, node]));
  const next = records.map((record) =>
    again.has(record.node) ? renewedRecord(record, { planned: planned.get(record.node), now }) : record,
  );
  return { ...task, status: { ...takenUp(task), subTasks: next.map(stored) } };
}

/** The status of a Task that has heard of all that people want to run again. */
export function takenUp({ spec, status }: Task): TaskStatus {
  return { ...status, retries: (spec.retries ?? []).map(({ id }) => id) };
}

/** Whether the Task does not go on by it: people may have said no to the end of a run that has succeeded. */
function isFailed(record: NodeRecord): boolean {
  const isRefused = record.undecided !== undefined || stageDecision(record)?.why !== undefined;
  return record.status === 'FAILED' || isRefused;
}

/** The nodes that are asked for, those that were stopped or whose answers are lost, and all that needed one of them. */
function affected(
  task: Task,
  { nodes, heeded }: Pick<Unfolded, 'heeded' | 'nodes'>,
  records: readonly NodeRecord[],
): ReadonlySet<string> {
  const waiting = new Set(waitingRetries(task));
  const asked = (task.spec.retries ?? []).filter(({ id }) => waiting.has(id));
  const named = new Set(asked.flatMap(({ node }) => node ?? []));
  const isAll = asked.some(({ node }) => node === undefined);
  const isOne = (record: NodeRecord): boolean =>
    named.has(record.node) ||
    record.status === 'CANCELLED' ||
    record.isLeftOut === true ||
    (isAll && isFailed(record) && heeded?.has(record.node) !== true);
  const known = new Set(records.map(({ node }) => node));
  // A name that no step has changes nothing.
  if (!isAll && [...named].every((name) => !known.has(name))) return new Set();
  const again = new Set(records.filter(isOne).map(({ node }) => node));
  for (let size = -1; size !== again.size;) {
    size = again.size;
    for (const { id, needs } of nodes) if (needs.some((need) => again.has(need))) again.add(id);
  }
  return again;
}
