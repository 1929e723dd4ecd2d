import type { Client } from '#api/client/client';
import { refOf } from '#api/machinery/resource-type';
import { conflict, isStatusError } from '#api/machinery/status-error';
import type { StatusError } from '#api/machinery/status-error';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { TASK_REVISIONS } from '#api/types/resources';

export type RevisionClient = Pick<Client, 'create' | 'find' | 'updateStatus'>;

/**
 * Makes sure that the TaskRevision is there and will stay. Called after the Task's status names it and before the Task's
 * first Sandbox. One that is marked as unused may be deleted at this moment: the mark is taken off, and this write and
 * the delete, which is bound to the resourceVersion, exclude each other. From then on the collector sees the Task.
 * @throws StatusError Conflict when the revision was deleted or written meanwhile: the caller tries again
 */
export async function ensureRevision(client: RevisionClient, revision: TaskRevision): Promise<void> {
  const found = await client.find(TASK_REVISIONS, refOf(revision));
  if (found === undefined) return create(client, revision);
  if (found.metadata.deletionTimestamp !== undefined) throw changed(revision);
  if (found.status?.unusedSince === undefined) return;
  try {
    await client.updateStatus(TASK_REVISIONS, { ...found, status: {} });
  } catch (error) {
    throw isStatusError(error, 'NotFound') ? changed(revision) : error;
  }
}

async function create(client: RevisionClient, revision: TaskRevision): Promise<void> {
  try {
    await client.create(TASK_REVISIONS, revision);
  } catch (error) {
    throw isStatusError(error, 'AlreadyExists') ? changed(revision) : error;
  }
}

function changed({ metadata }: TaskRevision): StatusError {
  return conflict(TASK_REVISIONS, metadata.name, 'it was made or deleted meanwhile');
}
