import type { BoundKind } from '../../authentication/service-account/claims.ts';
import type { LivingObjects } from '../../authentication/service-account/service-account-token.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { translated } from '../storage-failure.ts';

/** As the store calls them. A Pod is a Sandbox here, and a Node an Executor. */
export const TOKEN_OBJECTS: Readonly<Record<BoundKind | 'ServiceAccount', string>> = {
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  Pod: 'sandboxes.agent.wecode.io',
  Node: 'executors.agent.wecode.io',
};

/**
 * The objects that tokens name, out of memory: it is behind by what another replica has written a moment ago, as every
 * informer is. One that is not there is looked up as reads are, since the other replica may just have made it.
 */
export function createLivingObjects(store: Pick<ObjectStore, 'get' | 'list'>): LivingObjects {
  return {
    async find(kind, ofAccount, name) {
      const namespace = kind === 'Node' ? '' : ofAccount;
      const key = { resource: TOKEN_OBJECTS[kind], namespace, name };
      const resource = { group: '', plural: key.resource };
      const { items } = await translated(store.list({ ...key, minRevision: 0 }), { resource, name });
      const found = items[0] ?? (await translated(store.get(key), { resource, name }));
      const { uid, deletionTimestamp } = found?.object.metadata ?? {};
      if (uid === undefined) return undefined;
      return deletionTimestamp === undefined ? { uid } : { uid, deletionTimestamp };
    },
  };
}
