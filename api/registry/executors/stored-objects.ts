import type { StoredObjects } from '../../authorization/executor/executor-authorizer.ts';
import { RESOURCES } from '../../authorization/executor/needed-objects.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { translated } from '../storage-failure.ts';

/** Reads the stored objects that the rights of executors depend on. */
export function createStoredObjects(store: Pick<ObjectStore, 'get' | 'list'>): StoredObjects {
  const at = (resource: string) => ({ resource: { group: '', plural: resource } });
  return {
    async known(key) {
      const { items } = await translated(store.list({ ...key, minRevision: 0 }), at(key.resource));
      return items[0]?.object;
    },
    async newest(key) {
      return (await translated(store.get(key), at(key.resource)))?.object;
    },
    async sandboxes() {
      const { items } = await translated(
        store.list({ resource: RESOURCES.sandboxes }),
        at(RESOURCES.sandboxes),
      );
      return items.map(({ object }) => object);
    },
  };
}
