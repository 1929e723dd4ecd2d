import type { Client } from '#api/client/client';
import { deepEqual } from '#api/machinery/json/deep-equal';
import { ignoreNotFound } from '#api/machinery/status-error';
import { aggregatedRules } from '#api/types/aggregated-rules';
import type { ClusterRole } from '#api/types/rbac';
import { CLUSTER_ROLES } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';

export interface AggregationReconcilerOptions {
  roles: { get(key: string): ClusterRole | undefined; list(): readonly ClusterRole[] };
}

/**
 * Copies the rules of the ClusterRoles that its selectors match into a role that aggregates (kubernetes
 * pkg/controller/clusterroleaggregation). Whoever runs it needs the verb `escalate` on ClusterRoles.
 */
export function aggregationReconciler({
  roles,
}: AggregationReconcilerOptions): Reconcile<Pick<Client, 'patch'>> {
  return async (key, { client }) => {
    const role = roles.get(key);
    if (role?.aggregationRule === undefined || role.metadata.deletionTimestamp !== undefined)
      return undefined;
    const rules = aggregatedRules(role, roles.list());
    if (deepEqual(rules, role.rules ?? [])) return undefined;
    const { name, resourceVersion } = role.metadata;
    const body = { metadata: { resourceVersion }, rules };
    await ignoreNotFound(client.patch(CLUSTER_ROLES, { name }, { type: 'merge', body }));
    return undefined;
  };
}
