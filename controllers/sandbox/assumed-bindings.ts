import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';

/**
 * Bindings that were written but that the cache does not show yet. Without them, a burst of Sandboxes
 * would all find the same free place (kube-scheduler assumes Pods for the same reason).
 */
export interface AssumedBindings {
  assume(sandbox: Sandbox, executorName: string): void;
  /** The write failed: the place is free again. */
  forget(sandbox: Sandbox): void;
  /** The Executor assumed for a Sandbox that the cache shows unbound. */
  executorOf(sandbox: Sandbox): string | undefined;
  /** Drops what the cache shows by now: Sandboxes bound, made anew or gone. */
  reconcile(cached: readonly Sandbox[]): void;
}

export function assumedBindings(): AssumedBindings {
  const byKey = new Map<string, { uid: string | undefined; executorName: string }>();
  const valid = (sandbox: Sandbox) => {
    const entry = byKey.get(objectKey(sandbox.metadata));
    const isShown = sandbox.spec.executorName !== undefined || entry?.uid !== sandbox.metadata.uid;
    return isShown ? undefined : entry;
  };
  return {
    assume(sandbox, executorName) {
      byKey.set(objectKey(sandbox.metadata), { uid: sandbox.metadata.uid, executorName });
    },
    forget(sandbox) {
      byKey.delete(objectKey(sandbox.metadata));
    },
    executorOf: (sandbox) => valid(sandbox)?.executorName,
    reconcile(cached) {
      if (byKey.size === 0) return;
      const kept = new Set(cached.filter(valid).map((sandbox) => objectKey(sandbox.metadata)));
      for (const key of byKey.keys()) if (!kept.has(key)) byKey.delete(key);
    },
  };
}
