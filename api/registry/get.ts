import { notFound } from '../machinery/status-error.ts';
import type { ObjectStore, StoredObject } from '../storage/contract/objects.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { RegistryContext } from './context.ts';
import { presented } from './reading/presented.ts';
import { storageKey } from './resource.ts';
import type { Target } from './resource.ts';
import { translated } from './storage-failure.ts';

/** The newest state, as a version shows it. @throws StatusError NotFound */
export async function readObject(context: RegistryContext, target: Target): Promise<ApiObject> {
  return presented(target.resource, await getObject(context, target));
}

/** The newest state as it is stored. @throws StatusError NotFound */
export async function getObject(
  context: { store: Pick<ObjectStore, 'get'> },
  target: Target,
): Promise<StoredObject> {
  const { resource, name } = target;
  const found = await translated(context.store.get(storageKey(target)), { resource, name });
  if (found === undefined) throw notFound(resource, name);
  return found;
}
