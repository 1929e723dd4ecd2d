import { GHOSTS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { ghostReconciler } from './reconciler.ts';

/** Watches Ghosts. */
export function ghostController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const ghosts = informers.of(GHOSTS);
  return createController({
    name: 'ghost',
    client,
    reconcile: ghostReconciler({
      ghosts,
      clock,
      troubles: createTroubles({ recorder: recorder('ghost-controller'), clock }),
    }),
    sources: [objects(ghosts)],
    clock,
    logger,
    meter,
  });
}
