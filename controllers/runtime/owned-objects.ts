import type { Client } from '#api/client/client';
import type { KubeObject, OwnerReference } from '#api/machinery/meta';
import { parseApiVersion } from '#api/machinery/group-version-kind';
import { refOf } from '#api/machinery/resource-type';
import type { ResourceType } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';

/** The uids of the objects of type `owner` that control an object; for an index. */
export function controllerUIDs(object: KubeObject, owner: ResourceType): string[] {
  return controllersOf(object, owner).map(({ uid }) => uid);
}

/** The references to objects of type `owner` that control an object: one at most. */
export function controllersOf({ metadata }: KubeObject, owner: ResourceType): OwnerReference[] {
  return (metadata.ownerReferences ?? []).filter(
    ({ apiVersion, controller, kind }) =>
      controller === true && kind === owner.kind && parseApiVersion(apiVersion).group === owner.group,
  );
}

/** Creates an object whose name says what it is: a controller that saw the same may have made it. */
export async function createOnce<T extends KubeObject>(
  client: Pick<Client, 'create'>,
  type: ResourceType<T>,
  object: T,
): Promise<void> {
  try {
    await client.create(type, object);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}

/** Deletes those that are not deleted yet. */
export async function deleteOnce<T extends KubeObject>(
  client: Pick<Client, 'delete'>,
  type: ResourceType<T>,
  objects: readonly T[],
): Promise<void> {
  for (const object of objects) {
    if (object.metadata.deletionTimestamp !== undefined) continue;
    await ignoreNotFound(client.delete(type, refOf(object)));
  }
}
