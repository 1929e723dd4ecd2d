import { NAMESPACES } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects } from '../runtime/source.ts';
import { namespaceReconciler } from './reconciler.ts';

/** Takes deleted namespaces to their end. */
export function namespaceController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const namespaces = informers.of(NAMESPACES);
  return createController({
    name: 'namespace',
    client,
    reconcile: namespaceReconciler({ clock }),
    failures: { find: (key) => namespaces.get(key), recorder: recorder('namespace-controller') },
    sources: [objects(namespaces, ({ new: now }) => now?.metadata.deletionTimestamp !== undefined)],
    workers: 5,
    backOff: { first: 50, max: 60_000 },
    clock,
    logger,
    meter,
  });
}
