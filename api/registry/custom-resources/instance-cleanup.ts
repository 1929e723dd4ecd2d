import { ignoreNotFound } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { ApiObject } from '../reading/api-object.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';

const user = API_SERVER_USER;

/** Deletions under way at once: enough to fill a commit. */
const CONCURRENT = 64;

/**
 * Deletes every object of a kind as a client would, so that finalizers and dependents count.
 * @returns how many are left, kept by their finalizers
 */
export async function deleteInstances(registry: Registry, resource: Resource): Promise<number> {
  const { items } = await registry.list({ resource, namespace: '', user });
  const todo = items.filter(({ object }) => object.metadata.deletionTimestamp === undefined);
  for (let at = 0; at < todo.length; at += CONCURRENT) {
    await Promise.all(todo.slice(at, at + CONCURRENT).map((item) => deleteOne(registry, resource, item)));
  }
  return (await registry.list({ resource, namespace: '', user })).items.length;
}

async function deleteOne(registry: Registry, resource: Resource, { object }: ApiObject): Promise<void> {
  const { name, namespace = '' } = object.metadata;
  const target = { resource, namespace, name };
  await ignoreNotFound(registry.delete({ target, user, dryRun: false, propagationPolicy: 'Background' }));
}
