import type { Executor } from '#api/types/generated/executor';
import type { Demand, Toleration } from './demand.ts';

/** Labels and taints of Executors, by the rules for Nodes (kubernetes component-helpers scheduling/corev1). */

type Taint = NonNullable<Executor['spec']['taints']>[number];

/** Why the Executor is not one that the Sandbox may have, whatever room it has; undefined when it is. */
export function fitProblem({ metadata, spec }: Executor, demand: Demand): string | undefined {
  const missing = Object.entries(demand.selector).filter(([key, value]) => metadata.labels?.[key] !== value);
  if (missing.length > 0) {
    const labels = missing.map(([key, value]) => `${key}=${value}`).toSorted();
    return `did not have the ${labels.length === 1 ? 'label' : 'labels'} ${labels.join(',')}`;
  }
  const taint = untolerated(spec.taints, demand, 'NoSchedule');
  return taint === undefined ? undefined : `had the untolerated taint ${taintText(taint)}`;
}

/** Whether another one is to be preferred. */
export function isAvoided({ spec }: Executor, demand: Demand): boolean {
  return untolerated(spec.taints, demand, 'PreferNoSchedule') !== undefined;
}

function untolerated(
  taints: readonly Taint[] = [],
  { tolerations }: Demand,
  effect: Taint['effect'],
): Taint | undefined {
  return taints.find((taint) => taint.effect === effect && !tolerations.some((one) => tolerates(one, taint)));
}

/** Toleration.ToleratesTaint: an empty key with Exists tolerates everything, an empty effect all effects. */
function tolerates({ key = '', operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (key === '' && operator !== 'Exists') return false;
  return operator === 'Exists' || value === (taint.value ?? '');
}

function taintText({ key, value = '', effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}
