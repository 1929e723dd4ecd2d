import type { Client } from '#api/client/client';
import { splitObjectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { isStatusError } from '#api/machinery/status-error';
import type { Reconcile } from '../runtime/controller.ts';
import { controllerOwner, ownerKey, ownerType, splitCollectorKey } from './plan.ts';

export interface GarbageCollectorOptions {
  types: readonly ResourceType[];
  /** The cached object of a resource. */
  cached: (type: ResourceType, key: string) => KubeObject | undefined;
  client: Pick<Client, 'get' | 'delete'>;
}

/** Deletes an object whose owner is gone. The cache only raises the suspicion; the server is asked. */
export function garbageCollector({ types, cached, client }: GarbageCollectorOptions): Reconcile {
  return async (queueKey, _signal, logger) => {
    const { plural, objectKey } = splitCollectorKey(queueKey);
    const type = types.find((candidate) => candidate.plural === plural);
    const object = type && cached(type, objectKey);
    if (type === undefined || object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    const reference = controllerOwner(object);
    const owner = reference && ownerType(reference, types);
    if (reference === undefined || owner === undefined) return;
    const key = ownerKey(object, reference, owner);
    if (cached(owner, key)?.metadata.uid === reference.uid) return;
    if ((await liveUID(client, owner, key)) === reference.uid) return;
    logger.info('deleting an object whose owner is gone', { object: objectKey, owner: key });
    await deleteExactly(client, type, object);
  };
}

async function liveUID(
  client: GarbageCollectorOptions['client'],
  type: ResourceType,
  key: string,
): Promise<string | undefined> {
  try {
    return (await client.get(type, splitObjectKey(key))).metadata.uid;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** An object made anew under the same name has another uid and stays. */
async function deleteExactly(
  client: GarbageCollectorOptions['client'],
  type: ResourceType,
  { metadata }: KubeObject,
): Promise<void> {
  const ref = {
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  };
  const preconditions = metadata.uid === undefined ? {} : { preconditions: { uid: metadata.uid } };
  try {
    await client.delete(type, ref, { propagationPolicy: 'Background', ...preconditions });
  } catch (error) {
    if (!isStatusError(error, 'NotFound') && !isStatusError(error, 'Conflict')) throw error;
  }
}
