import type { Client } from '#api/client/client';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { OwnerReference } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { isAtRest, TaskReason } from '#api/types/tasks/task';
import type { Resolution } from '../configuration/resolve.ts';
import type { NodeRecord } from '../node-record.ts';
import { hasRevision } from '../revision/task-revision.ts';
import { takeOver } from './take-over.ts';
import type { ForkSources, Inheritance } from './take-over.ts';

type ForkClient = Pick<Client, 'find' | 'patch'>;

type Impossible = Extract<Resolution, { outcome: 'impossible' }>;

/** The Task that a fork goes on from, or why there is nothing to go on from; undefined for a Task that is no fork. */
export async function parentOf(
  client: Pick<Client, 'find'>,
  fork: Task,
): Promise<Impossible | { outcome: 'found'; parent: Task } | undefined> {
  const { forkFrom } = fork.spec;
  if (forkFrom === undefined) return undefined;
  const parent = await client.find(TASKS, refOf(fork, forkFrom.task));
  return parent === undefined || parent.metadata.uid !== forkFrom.uid
    ? impossible(`Task "${forkFrom.task}" was deleted before this one could take over what it has done.`)
    : { outcome: 'found', parent };
}

/**
 * Gives a fork its beginning, and the Sandboxes of the steps that it takes over. These are its own as well from then on: with
 * their Task gone they stay, and so do the files and sessions that Executors keep for them.
 * @returns why the Task cannot be carried out, where the other one cannot be gone on from
 * @throws StatusError Conflict (try again quietly) where a Sandbox was written meanwhile
 */
export async function inherit(
  client: ForkClient,
  fork: Task,
  sources: ForkSources,
): Promise<Impossible | { outcome: 'taken over'; inheritance: Inheritance; held: Sandbox[] }> {
  const inheritance = takeOver(fork, sources);
  if ('problem' in inheritance) return impossible(inheritance.problem);
  const held: Sandbox[] = [];
  for (const record of inheritance.records) {
    const sandbox = await hold(client, fork, record);
    if (sandbox !== undefined) held.push(sandbox);
  }
  return { outcome: 'taken over', inheritance, held };
}

/**
 * Gives back the Sandboxes that a fork has come to own, which has ended before it took over anything. One that nobody else owns
 * goes, as the garbage collector would have it.
 * @throws StatusError Conflict (try again quietly) where a Sandbox was written meanwhile
 */
export async function giveBack(
  client: Pick<Client, 'delete' | 'patch'>,
  fork: Task,
  held: readonly Sandbox[],
): Promise<void> {
  if (fork.spec.forkFrom === undefined || !isAtRest(fork) || hasRevision(fork.status)) return;
  for (const sandbox of held) {
    const { ownerReferences = [], resourceVersion = '', uid = '' } = sandbox.metadata;
    const others = ownerReferences.filter((owner) => owner.uid !== fork.metadata.uid);
    const ref = refOf(sandbox);
    if (others.length === 0) {
      await ignoreNotFound(client.delete(SANDBOXES, ref, { preconditions: { uid, resourceVersion } }));
      continue;
    }
    const body = { metadata: { resourceVersion, ownerReferences: others } };
    await ignoreNotFound(client.patch(SANDBOXES, ref, { type: 'merge', body }));
  }
}

function impossible(why: string): Impossible {
  return { outcome: 'impossible', reason: TaskReason.ForkImpossible, message: `spec.forkFrom: ${why}` };
}

/** One that is gone, or goes, has left its answer in the record. A run that needs its files says that they are lost. */
async function hold(client: ForkClient, fork: Task, record: NodeRecord): Promise<Sandbox | undefined> {
  const { executor_name: name, sandboxUID: uid } = record;
  if (name === undefined || uid === undefined) return undefined;
  const found = await client.find(SANDBOXES, refOf(fork, name));
  if (found?.metadata.uid !== uid || found.metadata.deletionTimestamp !== undefined) return undefined;
  const { ownerReferences = [], resourceVersion } = found.metadata;
  if (ownerReferences.some((owner) => owner.uid === fork.metadata.uid)) return found;
  const metadata = { resourceVersion, ownerReferences: [...ownerReferences, ownedBy(fork)] };
  const patch = { type: 'merge', body: { metadata } } as const;
  return ignoreNotFound(client.patch(SANDBOXES, refOf(found), patch));
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
