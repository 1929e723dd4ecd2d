import type { Client } from '#api/client/client';
import type { DiscoveredResource } from '#api/client/discovery';
import { describeError } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import { isStatusError } from '#api/machinery/status-error';
import type { DeletionOutcome } from './conditions.ts';

export type ContentClient = Pick<Client, 'delete' | 'deleteCollection' | 'discover' | 'list'>;

/**
 * Deletes what is in a namespace, kind by kind, and says what is left. One kind that fails holds up no other
 * (kube-controller-manager, namespace/deletion/namespaced_resources_deleter.go).
 */
export async function deleteContent(client: ContentClient, namespace: string): Promise<DeletionOutcome> {
  const failures: string[] = [];
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();
  const found = await discover(client);
  for (const type of found.types) {
    try {
      const left = await deleteAll(client, type, namespace);
      if (left.length === 0) continue;
      // Upstream prints the dot of the core group too.
      remaining.set(`${type.plural}.${type.group}`, left.length);
      const kept = left.flatMap(({ metadata }) => metadata.finalizers ?? []);
      for (const name of kept) finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
      if (kept.length === 0) failures.push(unexpected(type, namespace));
    } catch (error) {
      failures.push(describeError(error));
    }
  }
  const { discoveryFailure } = found;
  return {
    failures,
    remaining,
    finalizers,
    ...(discoveryFailure === undefined ? {} : { discoveryFailure }),
  };
}

function unexpected({ group, version, plural }: DiscoveredResource, namespace: string): string {
  const gvr = `${group}/${version}, Resource=${plural}`;
  return `unexpected items still remain in namespace: ${namespace} for gvr: ${gvr}`;
}

async function discover(
  client: ContentClient,
): Promise<{ types: DiscoveredResource[]; discoveryFailure?: string }> {
  try {
    const all = await client.discover();
    const types = all.filter(
      ({ namespaced, preferred, verbs }) => namespaced && preferred && verbs.includes('delete'),
    );
    // What is deleted may still be reported: Events go last.
    return { types: types.sort((a, b) => Number(a.plural === 'events') - Number(b.plural === 'events')) };
  } catch (error) {
    return { types: [], discoveryFailure: describeError(error) };
  }
}

/** Returns what is there afterwards. */
async function deleteAll(
  client: ContentClient,
  type: DiscoveredResource,
  namespace: string,
): Promise<KubeObject[]> {
  const policy = { propagationPolicy: 'Background' } as const;
  if (type.verbs.includes('deletecollection')) {
    await tolerated(client.deleteCollection(type, { namespace, ...policy }));
  } else {
    for (const { metadata } of await listAll(client, type, namespace)) {
      await tolerated(client.delete(type, { namespace, name: metadata.name }, policy));
    }
  }
  return listAll(client, type, namespace);
}

/** A kind that went with its CustomResourceDefinition meanwhile has nothing left to delete. */
async function tolerated(deleted: Promise<void>): Promise<void> {
  await deleted.catch((error: unknown) => {
    if (!isStatusError(error, 'NotFound') && !isStatusError(error, 'MethodNotAllowed')) throw error;
  });
}

async function listAll(
  client: ContentClient,
  type: DiscoveredResource,
  namespace: string,
): Promise<KubeObject[]> {
  if (!type.verbs.includes('list')) return [];
  try {
    return (await client.list(type, { namespace, metadataOnly: true })).items;
  } catch (error) {
    if (isStatusError(error, 'NotFound') || isStatusError(error, 'MethodNotAllowed')) return [];
    throw error;
  }
}
