import { isDeepStrictEqual } from 'node:util';
import type { Sandbox } from '#api/types/generated/sandbox';
import {
  addUse,
  limitsSandboxes,
  NO_USE,
  sandboxQuantity,
  sandboxQuantityText,
  useOfSandbox,
} from '#api/types/resource-quota';
import type { ResourceQuota } from '#api/types/resource-quota';
import type { Change } from '../runtime/object-cache.ts';

/** Its limits are new: what is used is to be counted. Admission raises what is used; that is no reason to count. */
export function isUncounted({ old, new: quota }: Change<ResourceQuota>): boolean {
  if (quota === undefined) return true;
  return old === undefined || !isDeepStrictEqual(quota.spec?.hard ?? {}, quota.status?.hard ?? {});
}

/**
 * The status of a quota by what there is (kubernetes pkg/controller/resourcequota syncResourceQuota).
 * @param live the Sandboxes of the namespace that count
 * @param counts of objects, by the names of the quota; without those that could not be counted
 */
export function quotaStatus(
  quota: ResourceQuota,
  { live, counts }: { live: readonly Sandbox[]; counts: ReadonlyMap<string, number> },
): NonNullable<ResourceQuota['status']> {
  const hard = quota.spec?.hard ?? {};
  const use = live.map(useOfSandbox).reduce((sum, one) => addUse(sum, one), NO_USE);
  const used = Object.keys(hard).flatMap((name) => {
    if (limitsSandboxes(name)) return [[name, sandboxQuantityText(name, sandboxQuantity(name, use))]];
    const count = counts.get(name);
    return count === undefined ? [] : [[name, `${count}`]];
  });
  return { hard, used: Object.fromEntries(used) as Record<string, string> };
}
