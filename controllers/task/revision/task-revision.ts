import type { TaskStatus } from '#api/types/generated/task';
import type { TaskRevision, TaskRevisionSpec } from '#api/types/generated/task-revision';
import { taskRevisionName } from '#api/types/tasks/task-revision';
import type { Revision, RevisionContent } from './revision.ts';
import { readSnapshot } from './snapshot.ts';

export function makeRevision(content: RevisionContent): Revision {
  return { ...content, name: taskRevisionName(content) };
}

/** The revision that a Task was started with, if any; `found` is the TaskRevision that its status names. */
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
