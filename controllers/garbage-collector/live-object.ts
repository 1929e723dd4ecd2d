import type { Client, DeleteOptions } from '#api/client/client';
import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import type { Node } from './node.ts';

export type LiveClient = Pick<Client, 'delete' | 'find' | 'patch'>;

/** The object as the server has it; undefined when it is gone, or another one has its name. */
export async function readLive(client: LiveClient, node: Node): Promise<KubeObject | undefined> {
  const object = await client.find(node.type, refOf({ metadata: node }));
  return object?.metadata.uid === node.uid ? object : undefined;
}

/** @throws StatusError Conflict when the object changed since: what was decided may not hold any more. */
export async function deleteLive(
  client: LiveClient,
  node: Node,
  { live, policy }: { live: KubeObject; policy: NonNullable<DeleteOptions['propagationPolicy']> },
): Promise<void> {
  const { resourceVersion } = live.metadata;
  const preconditions = { uid: node.uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
  await ignoreNotFound(
    client.delete(node.type, refOf({ metadata: node }), { propagationPolicy: policy, preconditions }),
  );
}

/** @throws StatusError Conflict when the object changed since */
export async function setOwners(
  client: LiveClient,
  node: Node,
  { live, owners }: { live: KubeObject; owners: readonly OwnerReference[] },
): Promise<void> {
  await patchMetadata(client, node, {
    live,
    change: { ownerReferences: owners.length === 0 ? null : owners },
  });
}

/** Takes one finalizer away; an object that has no other goes with it. */
export async function removeFinalizer(client: LiveClient, node: Node, finalizer: string): Promise<void> {
  const live = await readLive(client, node);
  const finalizers = live?.metadata.finalizers ?? [];
  if (live === undefined || !finalizers.includes(finalizer)) return;
  const change = { finalizers: finalizers.filter((one) => one !== finalizer) };
  await patchMetadata(client, node, { live, change });
}

async function patchMetadata(
  client: LiveClient,
  node: Node,
  { live, change }: { live: KubeObject; change: object },
): Promise<void> {
  const { resourceVersion } = live.metadata;
  const body = { metadata: { uid: node.uid, resourceVersion, ...change } };
  await ignoreNotFound(client.patch(node.type, refOf({ metadata: node }), { type: 'merge', body }));
}
