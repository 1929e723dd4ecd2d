import type { SandboxSpec } from '#api/types/generated/sandbox';
import type { Task, TaskSpec } from '#api/types/generated/task';
import { placementOf } from '../configuration/placement.ts';
import type { Placement } from '../configuration/placement.ts';
import type { GraphNode } from '../graph/graph.ts';
import type { NodeRecord } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';

/** The fields of a Sandbox that decide when and where it runs. */
export type Scheduling = Placement & Pick<SandboxSpec, 'interactive' | 'priority' | 'userName'>;

const PRIORITIES: Readonly<Record<string, number>> = { high: 1000, medium: 0, low: -1000 };

/** Where nothing is said, a field is absent. */
export function schedulingOf(
  { task, revision }: { task: Task; revision: Revision },
  { node, record }: { node: Pick<GraphNode, 'message'> & { placement?: Placement }; record: NodeRecord },
): Scheduling {
  const { spec } = task;
  const priority = priorityOf(spec);
  // Who has just answered, or sent a message, waits for what comes of it.
  const isWaitedFor = spec.interactive === true || record.resumes !== undefined || node.message !== undefined;
  return {
    ...(priority === 0 ? {} : { priority }),
    ...(isWaitedFor ? { interactive: true } : {}),
    ...(spec.user === undefined ? {} : { userName: spec.user.name }),
    ...placementOf(node.placement, revision.placement, spec),
  };
}

function priorityOf({ priority = 0 }: TaskSpec): number {
  return typeof priority === 'number' ? priority : (PRIORITIES[priority] ?? 0);
}
