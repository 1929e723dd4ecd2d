import type { PlannedNode } from './graph.ts';

/** The node whose files `node` goes on with: the nearest on its way of workspace.from that works in files. */
export function workspaceSource(nodes: readonly PlannedNode[], node: PlannedNode): PlannedNode | undefined {
  let { from } = node.workspace;
  while (from !== undefined) {
    const wanted = from;
    const source = nodes.find(({ id }) => id === wanted);
    if (source === undefined || source.workspace.uses) return source;
    from = source.workspace.from;
  }
  return undefined;
}

/**
 * The node that the branch of `node` is named after; undefined for the branch of the Task. Along a chain there is
 * one branch. Where several go on from the same files, or begin with clones of their own, each has its own.
 */
export function branchNode(nodes: readonly PlannedNode[], node: PlannedNode): string | undefined {
  if (node.workspace.ownBranch === true) return node.id;
  const source = workspaceSource(nodes, node);
  const users = nodes
    .filter(({ workspace }) => workspace.uses && workspace.ownBranch !== true)
    .filter((other) => workspaceSource(nodes, other)?.id === source?.id);
  if (users.length > 1) return node.id;
  return source === undefined ? undefined : branchNode(nodes, source);
}
