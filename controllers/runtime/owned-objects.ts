import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import { parseApiVersion } from '#api/machinery/group-version-kind';
import { refOf } from '#api/machinery/resource-type';
import type { ResourceType } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError } from '#api/machinery/status-error';

/** The uids of the objects of type `owner` that control an object; for an index. */
export function controllerUIDs({ metadata }: KubeObject, owner: ResourceType): string[] {
  return (metadata.ownerReferences ?? []).flatMap(({ apiVersion, controller, kind, uid }) =>
    controller === true && kind === owner.kind && parseApiVersion(apiVersion).group === owner.group
      ? [uid]
      : [],
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
