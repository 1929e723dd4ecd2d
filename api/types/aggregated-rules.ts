import { compareBytes } from '../machinery/byte-order.ts';
import { deepEqual } from '../machinery/json/deep-equal.ts';
import { selectsLabels } from '../machinery/selectors/label-selector-object.ts';
import type { ClusterRole, PolicyRule } from './rbac.ts';

/**
 * The rules of an aggregated ClusterRole: those of the roles that its selectors match, selector by selector and by name,
 * each once (kubernetes pkg/controller/clusterroleaggregation).
 */
export function aggregatedRules(
  { metadata: { name }, aggregationRule }: ClusterRole,
  all: readonly ClusterRole[],
): PolicyRule[] {
  const sorted = all
    .filter(({ metadata }) => metadata.name !== name)
    .toSorted((left, right) => compareBytes(left.metadata.name, right.metadata.name));
  const rules: PolicyRule[] = [];
  for (const selector of aggregationRule?.clusterRoleSelectors ?? []) {
    for (const role of sorted) {
      if (!selectsLabels(selector, role.metadata.labels)) continue;
      for (const rule of role.rules ?? [])
        if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  }
  return rules;
}
