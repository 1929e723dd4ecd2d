import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { TaskRevision } from '#api/types/generated/task-revision';
import { TASK_REVISIONS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { planRevision } from './plan.ts';

export interface TaskRevisionReconcilerOptions {
  revisions: { get(key: string): TaskRevision | undefined };
  /** Whether any Task or Team names the TaskRevision with this key. */
  isNamed: (key: string) => boolean;
  clock: Clock;
}

type RevisionClient = Pick<Client, 'delete' | 'updateStatus'>;

/**
 * Deletes a TaskRevision that no Task and no Team has named for an hour. The hour is counted from a mark in its status, so that it
 * goes on whichever controllers work. A Task that wants the revision takes the mark off; the delete is bound to the
 * resourceVersion that was looked at, so of the two only one succeeds (ensure-revision.ts of the task controller).
 */
export function taskRevisionReconciler({
  revisions,
  isNamed,
  clock,
}: TaskRevisionReconcilerOptions): Reconcile<RevisionClient> {
  return async (key, { client }) => {
    const revision = revisions.get(key);
    if (revision === undefined) return undefined;
    const plan = planRevision(revision, isNamed(key), clock.now());
    switch (plan.kind) {
      case 'leave':
        return undefined;
      case 'wait':
        return { requeueAfter: plan.ms };
      case 'mark unused': {
        const status = { unusedSince: formatTime(clock.now()) };
        await writeStatus(client, TASK_REVISIONS, { object: revision, status });
        return undefined;
      }
      case 'mark used':
        await writeStatus(client, TASK_REVISIONS, { object: revision, status: {} });
        return undefined;
      case 'delete':
        await deleteUnchanged(client, revision);
        return undefined;
    }
  };
}

/** @throws StatusError Conflict when it was written since: the next look decides again */
async function deleteUnchanged(client: RevisionClient, revision: TaskRevision): Promise<void> {
  const { uid, resourceVersion } = revision.metadata;
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  await ignoreNotFound(client.delete(TASK_REVISIONS, refOf(revision), { preconditions }));
}
