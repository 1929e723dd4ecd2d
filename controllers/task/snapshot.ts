import { createHash } from 'node:crypto';
import type { SandboxAgent, SandboxModel, SandboxShell } from '#api/types/generated/sandbox';
import type { TaskSnapshot } from '#api/types/generated/task';
import type { TeamMember } from '#api/types/generated/team';

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
}

export interface SnapshotContent {
  teamRef: Reference;
  mode: string;
  prompt: string;
  workspace?: PlannedWorkspace;
  steps: PlannedStep[];
}

export interface PlannedWorkspace {
  ref: Reference;
  gitUrl: string;
  branchName: string;
  secretName?: string;
}

export interface PlannedStep {
  /** Of the member: its name, else its role, else its Bot's name. */
  name: string;
  /** The member's own instructions. */
  prompt?: string;
  /** What the next step is told. */
  contextPassing: NonNullable<TeamMember['contextPassing']>;
  requireConfirmation: boolean;
  /** Whether the Shell demands a repository. */
  requiresWorkspace: boolean;
  /** False for Shells that have no use for a repository. */
  usesWorkspace: boolean;
  shell: SandboxShell;
  agent: SandboxAgent;
  model?: SandboxModel;
}

export interface Reference {
  name: string;
  namespace?: string;
}

export function takeSnapshot(content: SnapshotContent, now: string): Snapshot {
  return { hash: hashOf(content), takenAt: now, ...content };
}

/** The snapshot in a status; undefined before it was taken. */
export function readSnapshot(snapshot: TaskSnapshot | undefined): Snapshot | undefined {
  return snapshot?.steps === undefined ? undefined : (snapshot as unknown as Snapshot);
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
