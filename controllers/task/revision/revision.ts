import type { ApprovalSettings } from '../approvals/settings.ts';
import type { Placement } from '../configuration/placement.ts';
import type { PlannedNode, RunParts } from '../graph/graph.ts';
import type { Program } from '../unfold/program.ts';

/**
 * The configuration that a Task was started with: everything its Sandboxes need, and no credential. It stands in a
 * TaskRevision, which never changes: what happens to the Team, its Bots or the Workspace afterwards does not touch a
 * Task under way.
 */
export interface Revision extends RevisionContent {
  /** Of the TaskRevision; absent for Tasks that were started by a version without TaskRevisions. */
  name?: string;
  /** Of those Tasks, too: they kept their prompt here. */
  prompt?: string;
}

export interface RevisionContent {
  teamRef: Reference;
  mode: string;
  workspace?: PlannedWorkspace;
  /** Of the Team: the schema of the parameters that the Task gives. */
  parametersSchema?: Record<string, unknown>;
  /** How people are asked. */
  approval?: ApprovalSettings;
  /** The demands of Workspace and Team on the Executors. */
  placement?: Placement;
  /** Those that are known from the start. */
  nodes: readonly PlannedNode[];
  /** Those who may get nodes of their own later, by the names that the program has for them. */
  members?: Readonly<Record<string, RevisionMember>>;
  /** How further nodes come about; absent where no node follows. */
  program?: Program;
}

/** A member, complete: all that a run of it needs, and no credential. */
export interface RevisionMember extends RunParts {
  /** False for Shells that only talk. */
  usesWorkspace: boolean;
}

export interface PlannedWorkspace {
  ref: Reference;
  gitUrl: string;
  branchName: string;
  startFrom?: string;
  subPath?: string;
  depth?: number;
  tags?: boolean;
  submodules?: boolean;
  lfs?: boolean;
  trusted?: boolean;
  secretName?: string;
}

export interface Reference {
  name: string;
  namespace?: string;
}
