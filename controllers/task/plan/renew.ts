import type { Task, TaskStatus, TaskSubTask } from '#api/types/generated/task';
import { isFinalTaskStatus, waitingRetries } from '#api/types/tasks/task';
import { newRetries, takenUp } from '../status/retries.ts';
import type { RejectedRetry } from '../status/retries.ts';
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

/** The answer to all that people want to run again: the status that has heard of it. */
export interface Renewal {
  status: TaskStatus;
  /** Whether a step runs again: then the records are as they are before a start. */
  isRenewed: boolean;
}

/**
 * Lets the steps run again that people ask for. All have ended, so nothing of them is alive; attempts go on counting, so that
 * no name stands for two runs. A wish by which no step runs again is rejected, with the reason.
 */
export function renewed(
  task: Task,
  { revision, programs, now }: { revision: Revision; programs: Programs; now: string },
): Renewal {
  const records = readRecords(task.status);
  const graph = knownGraph({ revision, history: { task, ended: endedAmong(records) } }, programs);
  const { again, rejected } = affected(task, graph, records);
  const { rejectedRetries: _, ...kept } = task.status ?? {};
  const status = { ...kept, ...takenUp(task, rejected) };
  if (again.size === 0) return { status, isRenewed: false };
  const stored = (record: NodeRecord): TaskSubTask => ({ ...record });
  const planned = new Map(graph.nodes.map((node) => [node.id, node]));
  const next = records.map((record) =>
    again.has(record.node) ? renewedRecord(record, { planned: planned.get(record.node), now }) : record,
  );
  return { status: { ...status, subTasks: next.map(stored) }, isRenewed: true };
}

/** Whether the Task does not go on by it: people may have said no to the end of a run that has succeeded. */
function isFailed(record: NodeRecord): boolean {
  const isRefused = record.undecided !== undefined || stageDecision(record)?.why !== undefined;
  return record.status === 'FAILED' || isRefused;
}

interface Affected {
  again: ReadonlySet<string>;
  rejected: readonly RejectedRetry[];
}

const NONE_FAILED = 'No step has failed or was cancelled.';

/** The nodes that are asked for, those that were stopped or whose answers are lost, and all that needed one of them. */
function affected(
  task: Task,
  { nodes, heeded }: Pick<Unfolded, 'heeded' | 'nodes'>,
  records: readonly NodeRecord[],
): Affected {
  const known = new Set(records.map(({ node }) => node));
  const asked = newRetries(task);
  const unknown = asked.flatMap(({ id, node }) =>
    node === undefined || known.has(node) ? [] : [{ id, message: `The Task has no step "${node}".` }],
  );
  if (unknown.length === asked.length) return { again: new Set(), rejected: unknown };
  const named = new Set(asked.flatMap(({ node }) => node ?? []));
  const isAll = asked.some(({ node }) => node === undefined);
  const isOne = (record: NodeRecord): boolean =>
    named.has(record.node) ||
    record.status === 'CANCELLED' ||
    record.isLeftOut === true ||
    (isAll && isFailed(record) && heeded?.has(record.node) !== true);
  const again = new Set(records.filter(isOne).map(({ node }) => node));
  for (let size = -1; size !== again.size;) {
    size = again.size;
    for (const { id, needs } of nodes) if (needs.some((need) => again.has(need))) again.add(id);
  }
  const isVain = again.size === 0;
  const vain = asked.filter(({ node }) => isVain && node === undefined);
  return { again, rejected: [...unknown, ...vain.map(({ id }) => ({ id, message: NONE_FAILED }))] };
}
