import type { Client } from '#api/client/client';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { OwnerReference } from '#api/machinery/meta';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { TaskReason } from '#api/types/tasks/task';
import type { Resolution } from '../configuration/resolve.ts';
import type { NodeRecord } from '../node-record.ts';
import { makeRevision } from '../revision/task-revision.ts';
import type { Programs } from '../unfold/unfold.ts';
import { takeOver } from './take-over.ts';
import type { Inheritance } from './take-over.ts';

type ForkClient = Pick<Client, 'find' | 'patch'>;

/**
 * What a Task begins with that is a fork; undefined for any other one. The Sandboxes of the steps that it takes over are its
 * own as well from then on: with their Task gone they stay, and so do the files and sessions that Executors keep for them.
 * @returns why the Task cannot be carried out, where the other one cannot be gone on from
 * @throws StatusError Conflict (try again quietly) where a Sandbox was written meanwhile
 */
export async function inherit(
  client: ForkClient,
  fork: Task,
  { resolution, programs }: { resolution: Resolution; programs: Programs },
): Promise<Inheritance | Exclude<Resolution, { outcome: 'resolved' }> | undefined> {
  const { forkFrom } = fork.spec;
  if (forkFrom === undefined || resolution.outcome !== 'resolved') return undefined;
  const parent = await client.find(TASKS, refOf(fork, forkFrom.task));
  if (parent === undefined || parent.metadata.uid !== forkFrom.uid) {
    return impossible(
      `Task "${forkFrom.task}" was deleted before this one could take over what it has done.`,
    );
  }
  const revision = makeRevision(resolution.content);
  const found = takeOver(fork, { parent, revision, programs });
  if ('problem' in found) return impossible(found.problem);
  for (const record of found.records) await keepWork(client, fork, record);
  return found;
}

function impossible(why: string): Exclude<Resolution, { outcome: 'resolved' }> {
  return { outcome: 'impossible', reason: TaskReason.ForkImpossible, message: `spec.forkFrom: ${why}` };
}

/** One that is gone, or goes, has left its answer in the record. A run that needs its files says that they are lost. */
async function keepWork(client: ForkClient, fork: Task, record: NodeRecord): Promise<void> {
  const { executor_name: name, sandboxUID: uid } = record;
  if (name === undefined || uid === undefined) return;
  const found = await client.find(SANDBOXES, refOf(fork, name));
  if (found?.metadata.uid !== uid || found.metadata.deletionTimestamp !== undefined) return;
  const { ownerReferences = [], resourceVersion } = found.metadata;
  if (ownerReferences.some((owner) => owner.uid === fork.metadata.uid)) return;
  const metadata = { resourceVersion, ownerReferences: [...ownerReferences, ownedBy(fork)] };
  await ignoreNotFound(client.patch(SANDBOXES, refOf(found), { type: 'merge', body: { metadata } }));
}

/** Its controller is the Task that has made it. */
function ownedBy({ apiVersion, kind, metadata: { name, uid = '' } }: Task): OwnerReference {
  return { apiVersion, kind, name, uid };
}

/** The Task as it begins with what it takes over. */
export function withInheritance(task: Task, { records, messages }: Inheritance): Task {
  const status: TaskStatus = {
    ...task.status,
    subTasks: records.map((record) => ({ ...record })),
    ...(messages.length === 0 ? {} : { messages }),
  };
  return { ...task, status };
}
