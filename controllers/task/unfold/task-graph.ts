import type { Task } from '#api/types/generated/task';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { endedAmong, readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { readRevision } from '../revision/task-revision.ts';
import { knownGraph } from './follow-ups.ts';
import { PROGRAMS } from './programs.ts';
import type { Unfolded } from './unfold.ts';

/** The graph of a Task as its status tells it, and the records of its nodes; for drawings. */
export interface TaskGraph extends Unfolded {
  /** As stored, in their order. */
  records: readonly NodeRecord[];
}

/** @param taskRevision the one that the status names; without it nothing but the records is known */
export function taskGraph(task: Task, taskRevision: TaskRevision | undefined): TaskGraph {
  const records = readRecords(task.status);
  const revision = readRevision(task.status, taskRevision);
  if (revision === undefined) return { records, nodes: [] };
  const history = { task, ended: endedAmong(records) };
  return { records, ...knownGraph({ revision, history }, PROGRAMS) };
}
