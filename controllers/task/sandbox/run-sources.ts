import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';

/** The sources of a run beside its own record. */
export interface RunSources {
  task: Task;
  revision: Revision;
  /** Of all nodes. */
  records: readonly NodeRecord[];
  /** Of the Task, and of those whose steps it has taken over. */
  sandboxes: readonly Sandbox[];
}
