import { objectKey } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandbox';
import { isConversation } from '#api/types/shell-types';
import type { Needs } from './room.ts';

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
  /** Assumed bindings per Executor. Drops those of Sandboxes that the cache shows bound, ended, anew or gone. */
  load(cached: (key: string) => Sandbox | undefined): Map<string, Needs>;
}

interface Assumed {
  uid: string | undefined;
  executorName: string;
  need: keyof Needs;
}

export function assumedBindings(): AssumedBindings {
  const byKey = new Map<string, Assumed>();
  return {
    assume(sandbox, executorName) {
      const need = isConversation(sandbox.spec) ? 'talking' : 'others';
      byKey.set(objectKey(sandbox.metadata), { uid: sandbox.metadata.uid, executorName, need });
    },
    forget(sandbox) {
      byKey.delete(objectKey(sandbox.metadata));
    },
    executorOf(sandbox) {
      const assumed = byKey.get(objectKey(sandbox.metadata));
      return assumed !== undefined && holds(assumed, sandbox) ? assumed.executorName : undefined;
    },
    load(cached) {
      const load = new Map<string, Needs>();
      for (const [key, assumed] of byKey) {
        if (holds(assumed, cached(key))) {
          const needs = load.get(assumed.executorName) ?? { talking: 0, others: 0 };
          needs[assumed.need] += 1;
          load.set(assumed.executorName, needs);
        } else {
          byKey.delete(key);
        }
      }
      return load;
    },
  };
}

/** Whether the cache still lags behind the binding. */
function holds(assumed: Assumed, cached: Sandbox | undefined): boolean {
  return (
    cached !== undefined &&
    cached.metadata.uid === assumed.uid &&
    cached.spec.executorName === undefined &&
    !isFinalPhase(cached.status?.phase)
  );
}
