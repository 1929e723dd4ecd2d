import type { TaskStatus, TaskSubTask } from '#api/types/generated/task';
import type { RunNode } from '../graph/graph.ts';
import { readRecords } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';

/** As versions before graphs wrote it: steps in the status, and records that only their position tells apart. */
export function olderVersionOf(nodes: readonly RunNode[]): (status: TaskStatus) => TaskStatus {
  const steps = nodes.map(({ name, policy, workspace, shell, agent }) => ({
    name,
    shell,
    agent,
    contextPassing: 'previous_bot',
    requireConfirmation: policy.requireConfirmation,
    usesWorkspace: workspace.uses,
  }));
  const snapshot = { hash: 'sha256:0', teamRef: { name: 'team' }, mode: 'pipeline', prompt: 'do it', steps };
  return (status) => {
    const { revision, ...rest } = status;
    if (revision === undefined) return status;
    return { ...rest, snapshot, subTasks: readRecords(status).map(withoutNode) };
  };
}

function withoutNode(record: NodeRecord): TaskSubTask {
  const { node: _, earlierSandboxes: __, ...rest } = record;
  return rest;
}
