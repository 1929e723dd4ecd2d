import { NAMESPACES, SERVICE_ACCOUNTS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import { DEFAULT_NAME, serviceAccountReconciler } from './reconciler.ts';

/** Sees to a ServiceAccount called `default` in each namespace; clients wait for it. */
export function serviceAccountController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const namespaces = informers.of(NAMESPACES);
  const accounts = informers.of(SERVICE_ACCOUNTS, `metadata.name=${DEFAULT_NAME}`);
  return createController({
    name: 'service-account',
    client,
    reconcile: serviceAccountReconciler({ namespaces, accounts }),
    failures: { find: (key) => namespaces.get(key), recorder: recorder('service-account-controller') },
    sources: [
      objects(namespaces, ({ new: now }) => now !== undefined),
      source(accounts, ({ old, new: now }) =>
        now === undefined && old?.metadata.namespace !== undefined ? [old.metadata.namespace] : [],
      ),
    ],
    clock,
    logger,
    meter,
  });
}
