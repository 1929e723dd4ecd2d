import type { Sandbox } from '#api/types/generated/sandbox';
import { usesQuota } from '#api/types/resource-quota';
import { RESOURCE_QUOTAS, SANDBOXES } from '#api/types/resources';
import { objectKey } from '#api/machinery/meta';
import { BY_NAMESPACE, namespaceOf } from '../runtime/by-namespace.ts';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import { createMonitors } from '../runtime/monitors.ts';
import type { MonitorTarget } from '../runtime/monitors.ts';
import type { Change } from '../runtime/object-cache.ts';
import { keysOnDemand, objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { isUncounted } from './plan.ts';
import { quotaReconciler } from './reconciler.ts';

const LIVE_IN = 'sandbox:live-in';

/** Watches ResourceQuotas, the Sandboxes that run, and deletions of the kinds that quotas count. */
export function resourceQuotaController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, meter, recorder } = context;
  const quotas = informers.of(RESOURCE_QUOTAS);
  const sandboxes = informers.of(SANDBOXES);
  quotas.addIndex(BY_NAMESPACE, namespaceOf);
  sandboxes.addIndex(LIVE_IN, (sandbox) => (usesQuota(sandbox) ? [sandbox.metadata.namespace ?? ''] : []));
  const keysIn = (namespace: string): string[] =>
    quotas.byIndex(BY_NAMESPACE, namespace).map(({ metadata }) => objectKey(metadata));
  const deletions = keysOnDemand();
  const target = deletionTarget((namespace) => deletions.add(keysIn(namespace)));
  const monitors = createMonitors({ client, target, clock, logger });
  const controller = createController({
    name: 'resource-quota',
    client,
    reconcile: quotaReconciler({
      quotas,
      live: (namespace) => sandboxes.byIndex(LIVE_IN, namespace),
      follow: (types) => monitors.follow(types),
    }),
    failures: { find: (key) => quotas.get(key), recorder: recorder('resourcequota-controller') },
    sources: [objects(quotas, isUncounted), changedUse(sandboxes, keysIn), deletions],
    ...{ clock, logger, meter },
  });
  return {
    name: controller.name,
    check: () => controller.check?.(),
    async run(signal) {
      try {
        await controller.run(signal);
      } finally {
        await monitors.stop();
      }
    },
  };
}

function changedUse(sandboxes: Informer<Sandbox>, keysIn: (namespace: string) => string[]): Source {
  const uses = (sandbox: Sandbox | undefined): boolean => sandbox !== undefined && usesQuota(sandbox);
  return source(sandboxes, ({ old, new: now }: Change<Sandbox>) =>
    uses(old) === uses(now) ? [] : keysIn((now ?? old)?.metadata.namespace ?? ''),
  );
}

/** Tells of the namespaces in which objects that are followed were deleted. */
function deletionTarget(onDeleted: (namespace: string) => void): MonitorTarget {
  const namespaces = new Map<string, string>();
  return {
    put(_type, { metadata: { uid = '', namespace = '' } }) {
      namespaces.set(uid, namespace);
    },
    remove(_type, uid) {
      onDeleted(namespaces.get(uid) ?? '');
      namespaces.delete(uid);
    },
    forget: (_type, uid) => void namespaces.delete(uid),
  };
}
