import { canonicalQuantity } from '#api/machinery/quantity-text';
import { Quantity } from '#api/machinery/quantity';
import {
  exceededQuota,
  limitsSandboxes,
  sandboxQuantity,
  sandboxQuantityText,
} from '#api/types/resource-quota';
import type { ResourceQuota, SandboxUse } from '#api/types/resource-quota';
import type { Wait } from './wait.ts';

/**
 * Why one of the quotas does not allow a Sandbox more, in the words of Kubernetes; undefined when all do. The
 * scheduler counts what it has given away itself: the status of the quota comes later.
 */
export function quotaRefusal(
  quotas: readonly ResourceQuota[],
  { wanted, used }: { wanted: SandboxUse; used: SandboxUse },
): Wait | undefined {
  for (const { metadata, spec } of quotas) {
    const exceeded = Object.entries(spec?.hard ?? {}).flatMap(([name, hard]) => {
      if (!limitsSandboxes(name)) return [];
      const more = sandboxQuantity(name, wanted);
      const before = sandboxQuantity(name, used);
      const isOver = more.sign > 0n && before.add(more).compare(Quantity.parse(hard) ?? before) > 0;
      return isOver ? [{ name, hard, more, before }] : [];
    });
    if (exceeded.length === 0) continue;
    const amounts = (text: (one: (typeof exceeded)[number]) => string): Record<string, string> =>
      Object.fromEntries(exceeded.map((one) => [one.name, text(one)]));
    const message = exceededQuota(metadata.name, {
      requested: amounts(({ name, more }) => sandboxQuantityText(name, more)),
      used: amounts(({ name, before }) => sandboxQuantityText(name, before)),
      limited: amounts(({ hard }) => canonicalQuantity(hard)),
    });
    return { outcome: 'wait', reason: 'QuotaExceeded', message };
  }
  return undefined;
}
