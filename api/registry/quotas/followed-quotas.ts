import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { ObjectStore, StorageKey } from '../../storage/contract/objects.ts';
import { FollowedObjects } from '../access-rules/followed-objects.ts';
import type { ValidatingPlugin } from '../admission/admission.ts';
import { quotaAdmission, QUOTAS } from './quota-admission.ts';

/** Quotas as this replica holds new objects to them. */
export interface FollowedQuotas {
  admission: ValidatingPlugin;
  stop(): Promise<void>;
}

/** Follows which namespaces have quotas; what they say is read when it is needed. @throws StorageError */
export async function startQuotas(options: {
  store: ObjectStore;
  clock: Clock;
  logger: Logger;
}): Promise<FollowedQuotas> {
  const named = new Map<string, Set<string>>();
  const followed = new FollowedObjects({
    ...options,
    resource: QUOTAS,
    set({ key: { namespace, name } }) {
      named.set(namespace, (named.get(namespace) ?? new Set()).add(name));
    },
    removed({ namespace, name }: StorageKey) {
      const names = named.get(namespace);
      names?.delete(name);
      if (names?.size === 0) named.delete(namespace);
    },
  });
  await followed.start();
  return {
    admission: quotaAdmission({ store: options.store, hasQuotas: (namespace) => named.has(namespace) }),
    stop: () => followed.stop(),
  };
}
