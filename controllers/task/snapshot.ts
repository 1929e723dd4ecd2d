import { createHash } from 'node:crypto';
import type { SandboxAgent, SandboxModel, SandboxShell } from '#api/types/generated/sandbox';
import type { TaskSnapshot, TaskStatus } from '#api/types/generated/task';
import { chain } from './graph/chain.ts';
import type { Link } from './graph/chain.ts';
import type { GraphNode, PlannedNode } from './graph/graph.ts';

/**
 * The configuration of a Task as it was when the Task was taken up: everything its Sandboxes need, and no
 * credential. It is written once; what happens to the Team, its Bots or the Workspace afterwards does not
 * touch a Task under way.
 */
export interface Snapshot extends SnapshotContent {
  /** `sha256:` and the hash of the content in hexadecimal, over JSON with sorted keys. */
  hash: string;
  /** RFC 3339. */
  takenAt: string;
  /** Of Tasks that an older version took up; the prompt now stands in the spec alone, which keeps it. */
  prompt?: string;
}

export interface SnapshotContent {
  teamRef: Reference;
  mode: string;
  workspace?: PlannedWorkspace;
  nodes: readonly PlannedNode[];
}

export interface PlannedWorkspace {
  ref: Reference;
  gitUrl: string;
  branchName: string;
  secretName?: string;
}

export interface Reference {
  name: string;
  namespace?: string;
}

/** What older versions kept of a step, in a list whose order was the plan. */
interface PlannedStep extends Link {
  prompt?: string;
  usesWorkspace: boolean;
  shell: SandboxShell;
  agent: SandboxAgent;
  model?: SandboxModel;
}

export function takeSnapshot(content: SnapshotContent, now: string): Snapshot {
  return { hash: hashOf(content), takenAt: now, ...content };
}

/** The snapshot of a Task; undefined before it was taken. Those of older versions have steps in place of nodes. */
export function readSnapshot(status: TaskStatus | undefined): Snapshot | undefined {
  const stored = status?.snapshot;
  if (stored === undefined) return undefined;
  if (stored['nodes'] !== undefined) return stored as unknown as Snapshot;
  if (stored.steps === undefined) return undefined;
  const { steps, ...rest } = stored as unknown as Omit<Snapshot, 'nodes'> & { steps: PlannedStep[] };
  return { ...rest, nodes: chain(steps, (step) => step).map(plannedNode) };
}

/** As it is stored in a status. */
export function writeSnapshot(snapshot: Snapshot): TaskSnapshot {
  return { ...snapshot, nodes: snapshot.nodes.map((node) => ({ ...node })) };
}

function plannedNode({ part, ...node }: GraphNode & { part: PlannedStep }): PlannedNode {
  const { prompt, usesWorkspace, shell, agent, model } = part;
  return {
    ...node,
    workspace: { ...node.workspace, uses: usesWorkspace },
    ...(prompt === undefined ? {} : { prompt }),
    shell,
    agent,
    ...(model === undefined ? {} : { model }),
  };
}

export function hashOf(content: SnapshotContent): string {
  return `sha256:${createHash('sha256').update(canonicalJSON(content)).digest('hex')}`;
}

/** JSON with sorted keys, so that equal contents have equal hashes. */
function canonicalJSON(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
