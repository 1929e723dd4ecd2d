import { CLUSTER_ROLES } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import { aggregationReconciler } from './reconciler.ts';

const AGGREGATED = 'cluster-role:aggregated';

/** Watches ClusterRoles: a change of any may be one of those that are made of it. */
export function clusterRoleAggregationController({
  client,
  informers,
  clock,
  logger,
  recorder,
}: ControllerContext): Runnable {
  const roles = informers.of(CLUSTER_ROLES);
  roles.addIndex(AGGREGATED, ({ aggregationRule }) => (aggregationRule === undefined ? [] : ['']));
  return createController({
    name: 'cluster-role-aggregation',
    client,
    reconcile: aggregationReconciler({ roles }),
    failures: {
      find: (key) => roles.get(key),
      recorder: recorder('clusterrole-aggregation-controller'),
    },
    sources: [
      objects(roles),
      // There are few, and whom a selector matches depends on labels before and after.
      source(roles, () => roles.byIndex(AGGREGATED, '').map(({ metadata }) => metadata.name)),
    ],
    clock,
    logger,
  });
}
