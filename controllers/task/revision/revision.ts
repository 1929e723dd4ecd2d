import type { TaskRevision, TaskRevisionSpec } from '#api/types/generated/task-revision';
import type { TaskStatus } from '#api/types/generated/task';
import { taskRevisionName } from '#api/types/task-revision';
import type { PlannedNode } from '../graph/graph.ts';
import { readSnapshot } from './snapshot.ts';

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

export function makeRevision(content: RevisionContent): Revision {
  return { ...content, name: taskRevisionName(content) };
}

/** What a Task was started with; `found` is the TaskRevision that its status names. Undefined when there is none. */
export function readRevision(
  status: TaskStatus | undefined,
  found: TaskRevision | undefined,
): Revision | undefined {
  if (found !== undefined && found.metadata.name === status?.revision) {
    // The server keeps TaskRevisions as this file wrote them.
    return { ...(found.spec as unknown as RevisionContent), name: found.metadata.name };
  }
  return readSnapshot(status?.snapshot);
}

/** Whether the Task was started. */
export function hasRevision(status: TaskStatus | undefined): boolean {
  return status?.revision !== undefined || status?.snapshot !== undefined;
}

/** The object to store. */
export function taskRevision(namespace: string | undefined, { name, ...content }: Revision): TaskRevision {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'TaskRevision',
    metadata: {
      name: name ?? taskRevisionName(content),
      ...(namespace === undefined ? {} : { namespace }),
    },
    spec: content as unknown as TaskRevisionSpec,
  };
}
