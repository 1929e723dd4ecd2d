import type { StoredObjects } from '../../authorization/executor/executor-authorizer.ts';
import { RESOURCES } from '../../authorization/executor/needed-objects.ts';
import { SandboxIndex } from '../../authorization/executor/sandbox-index.ts';
import type { Clock } from '../../machinery/clock.ts';
import { parseJsonText } from '../../machinery/json/json.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { FollowedObjects } from '../access-rules/followed-objects.ts';
import { translated } from '../storage-failure.ts';

export interface FollowedStoredObjects extends StoredObjects {
  stop(): Promise<void>;
}

/** Reads the stored objects that the rights of executors depend on, and follows the Sandboxes. @throws StorageError */
export async function startStoredObjects(options: {
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
}): Promise<FollowedStoredObjects> {
  const { store } = options;
  const at = (resource: string) => ({ resource: { group: '', plural: resource } });
  const sandboxes = new SandboxIndex();
  let isStarting = true;
  const followed = new FollowedObjects({
    ...options,
    resource: RESOURCES.sandboxes,
    set(stored) {
      // A stored object keeps what was parsed of it: those that ended long ago would take memory for as long as they are there.
      const sandbox = isStarting ? parseJsonText(stored.json()) : stored.object;
      sandboxes.set(stored.key, sandbox as Sandbox);
    },
    removed: (key) => sandboxes.remove(key),
  });
  await followed.start();
  isStarting = false;
  return {
    sandboxes,
    async known(key) {
      const { items } = await translated(store.list({ ...key, minRevision: 0 }), at(key.resource));
      return items[0]?.object;
    },
    async newest(key) {
      return (await translated(store.get(key), at(key.resource)))?.object;
    },
    async renew() {
      const newest = store.list({ resource: RESOURCES.sandboxes, limit: 1 });
      const { revision } = await translated(newest, at(RESOURCES.sandboxes));
      await translated(followed.reach(revision), at(RESOURCES.sandboxes));
    },
    stop: () => followed.stop(),
  };
}
