import type { PlannedNode } from './graph.ts';

/** Who goes on with whose files. A graph of a thousand nodes is asked for each run that starts, so all is worked out once. */
class Workspaces {
  readonly #nodes: ReadonlyMap<string, PlannedNode>;
  readonly #sources = new Map<string, PlannedNode | undefined>();
  /** How many go on with the files of a node, or with clones of their own, on the branch that is there. */
  readonly #users = new Map<string | undefined, number>();

  constructor(nodes: readonly PlannedNode[]) {
    this.#nodes = new Map(nodes.map((node) => [node.id, node]));
    for (const node of nodes) {
      if (!node.workspace.uses || node.workspace.ownBranch === true) continue;
      const id = this.source(node)?.id;
      this.#users.set(id, (this.#users.get(id) ?? 0) + 1);
    }
  }

  source({ id, workspace: { from } }: PlannedNode): PlannedNode | undefined {
    if (from === undefined) return undefined;
    const known = this.#sources.get(id);
    if (known !== undefined) return known;
    const next = this.#nodes.get(from);
    const source = next === undefined || next.workspace.uses ? next : this.source(next);
    this.#sources.set(id, source);
    return source;
  }

  branch(of: PlannedNode): string | undefined {
    for (let node = of; ;) {
      if (node.workspace.ownBranch === true) return node.id;
      const source = this.source(node);
      if ((this.#users.get(source?.id) ?? 0) > 1) return node.id;
      if (source === undefined) return undefined;
      node = source;
    }
  }
}

const known = new WeakMap<readonly PlannedNode[], Workspaces>();

function workspacesOf(nodes: readonly PlannedNode[]): Workspaces {
  const found = known.get(nodes);
  if (found !== undefined) return found;
  const made = new Workspaces(nodes);
  known.set(nodes, made);
  return made;
}

/** The node whose files `node` goes on with: the nearest on its way of workspace.from that works in files. */
export const workspaceSource = (nodes: readonly PlannedNode[], node: PlannedNode): PlannedNode | undefined =>
  workspacesOf(nodes).source(node);

/**
 * The node that the branch of `node` is named after; undefined for the branch of the Task. Along a chain there is
 * one branch. Where several go on from the same files, or begin with clones of their own, each has its own.
 */
export const branchNode = (nodes: readonly PlannedNode[], node: PlannedNode): string | undefined =>
  workspacesOf(nodes).branch(node);
