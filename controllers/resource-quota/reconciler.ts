import type { Client } from '#api/client/client';
import type { DiscoveredResource } from '#api/client/discovery';
import type { Sandbox } from '#api/types/generated/sandbox';
import { countedResource, limitsSandboxes } from '#api/types/resource-quota';
import type { ResourceQuota } from '#api/types/resource-quota';
import { RESOURCE_QUOTAS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { quotaStatus } from './plan.ts';

export interface QuotaReconcilerOptions {
  quotas: { get(key: string): ResourceQuota | undefined; list(): readonly ResourceQuota[] };
  /** Sandboxes of a namespace that count. */
  live: (namespace: string) => readonly Sandbox[];
  /** Called with all kinds that quotas count now: a deletion of their objects makes room. */
  follow: (types: readonly DiscoveredResource[]) => void;
}

type QuotaClient = Pick<Client, 'discover' | 'list' | 'updateStatus'>;

/** As kube-controller-manager: what was counted and then not made is taken off after this long at the latest. */
const RESYNC_MS = 5 * 60_000;

/**
 * Counts what a quota limits and writes it to its status. Admission raises it with each new object, and both check the
 * version that they have read, so neither loses what the other wrote.
 */
export function quotaReconciler(options: QuotaReconcilerOptions): Reconcile<QuotaClient> {
  return async (key, { client }) => {
    const { quotas, live, follow } = options;
    const named = new Set(quotas.list().flatMap(({ spec }) => Object.keys(spec?.hard ?? {})));
    const kinds = await kindsOf(client, [...named]);
    follow([...kinds.values()]);
    const quota = quotas.get(key);
    if (quota === undefined || quota.metadata.deletionTimestamp !== undefined) return undefined;
    const { namespace = '' } = quota.metadata;
    const counts = new Map<string, number>();
    for (const name of Object.keys(quota.spec?.hard ?? {})) {
      const type = kinds.get(name);
      if (type !== undefined) counts.set(name, await count(client, type, namespace));
    }
    const status = quotaStatus(quota, { live: live(namespace), counts });
    await writeStatus(client, RESOURCE_QUOTAS, { object: quota, status });
    return { requeueAfter: RESYNC_MS };
  };
}

/** The kinds whose objects the names count, by name. One that the server does not have counts nothing. */
async function kindsOf(
  client: QuotaClient,
  names: readonly string[],
): Promise<Map<string, DiscoveredResource>> {
  const counted = names.filter((name) => !limitsSandboxes(name) && countedResource(name) !== undefined);
  if (counted.length === 0) return new Map();
  const discovered = await client.discover();
  const found = counted.flatMap((name): [string, DiscoveredResource][] => {
    const resource = countedResource(name);
    const type = discovered.find(
      ({ group, plural, namespaced, preferred }) =>
        group === resource?.group && plural === resource.plural && namespaced && preferred,
    );
    return type === undefined ? [] : [[name, type]];
  });
  return new Map(found);
}

async function count(client: QuotaClient, type: DiscoveredResource, namespace: string): Promise<number> {
  const { items, metadata } = await client.list(type, { namespace, limit: 1, metadataOnly: true });
  return items.length + (metadata.remainingItemCount ?? 0);
}
