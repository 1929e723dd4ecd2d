import type { Client } from '#api/client/client';
import type { TaskRevision, TaskRevisionSpec } from '#api/types/generated/task-revision';
import { refOf } from '#api/machinery/resource-type';
import { conflict, isStatusError } from '#api/machinery/status-error';
import { TASK_REVISIONS } from '#api/types/resources';
import { taskRevisionName } from '#api/types/task-revision';

export function revisionObject(namespace: string | undefined, spec: TaskRevisionSpec): TaskRevision {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'TaskRevision',
    metadata: { name: taskRevisionName(spec), ...(namespace === undefined ? {} : { namespace }) },
    spec,
  };
}

/**
 * Makes sure that the TaskRevision is there and will stay. Called after the Task's status names it and before the Task's
 * first Sandbox. One that is marked as unused may be deleted at this moment: the mark is taken off, and this write and
 * the delete, which is bound to the resourceVersion, exclude each other. From then on the collector sees the Task.
 * @throws StatusError Conflict when the revision was deleted or written meanwhile: the caller tries again
 */
export async function ensureRevision(
  client: Pick<Client, 'create' | 'find' | 'updateStatus'>,
  revision: TaskRevision,
): Promise<void> {
  const found =
    (await createUnlessThere(client, revision)) ?? (await client.find(TASK_REVISIONS, refOf(revision)));
  if (found === undefined || found.metadata.deletionTimestamp !== undefined) throw deleted(revision);
  if (found.status?.unusedSince === undefined) return;
  try {
    await client.updateStatus(TASK_REVISIONS, { ...found, status: {} });
  } catch (error) {
    throw isStatusError(error, 'NotFound') ? deleted(revision) : error;
  }
}

async function createUnlessThere(
  client: Pick<Client, 'create'>,
  revision: TaskRevision,
): Promise<TaskRevision | undefined> {
  try {
    return await client.create(TASK_REVISIONS, revision);
  } catch (error) {
    if (isStatusError(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}

function deleted({ metadata }: TaskRevision): Error {
  return conflict(TASK_REVISIONS, metadata.name, 'it was deleted meanwhile');
}
