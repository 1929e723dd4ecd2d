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
}: ControllerContext): Runnable {
  return createController({
    name: 'namespace',
    client,
    reconcile: namespaceReconciler({ clock }),
    sources: [
      objects(informers.of(NAMESPACES), ({ new: now }) => now?.metadata.deletionTimestamp !== undefined),
    ],
    workers: 5,
    backOff: { first: 50, max: 60_000 },
    clock,
    logger,
    meter,
  });
}
