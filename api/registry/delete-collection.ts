import { ignoreNotFound } from '../machinery/status-error.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { RegistryContext } from './context.ts';
import { deleteObject } from './delete.ts';
import { listObjects } from './list.ts';
import type { DeleteCollectionRequest, ObjectList } from './requests.ts';

/** Deletions under way at the same time: enough to fill the transactions of the committer. */
const WORKERS = 64;

/**
 * Deletes each object that a list would show; objects that somebody else removed meanwhile count as deleted
 * (apiserver registry/generic/registry/store.go DeleteCollection).
 * @throws StatusError the first failure of a single deletion; no further ones are begun then
 */
export async function deleteCollection(
  context: RegistryContext,
  { query, ...options }: DeleteCollectionRequest,
): Promise<ObjectList> {
  const list = await listObjects(context, { ...query, user: options.user });
  const left = list.items.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const { object } of left) {
      if (failed) return;
      try {
        await deleteOne(context, { query, ...options }, object);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return list;
}

async function deleteOne(
  context: RegistryContext,
  { query, ...options }: DeleteCollectionRequest,
  { metadata: { name, namespace = '' } }: ApiObject['object'],
): Promise<void> {
  const target = { resource: query.resource, namespace, name };
  await ignoreNotFound(deleteObject(context, { target, ...options }));
}
