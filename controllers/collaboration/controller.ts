import { COLLABORATIONS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { collaborationReconciler } from './reconciler.ts';

/** Watches Collaborations. */
export function collaborationController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, meter, recorder } = context;
  const collaborations = informers.of(COLLABORATIONS);
  return createController({
    name: 'collaboration',
    client,
    reconcile: collaborationReconciler({
      collaborations,
      clock,
      troubles: createTroubles({ recorder: recorder('collaboration-controller'), clock }),
    }),
    failures: { find: (key) => collaborations.get(key), recorder: recorder('collaboration-controller') },
    sources: [objects(collaborations)],
    clock,
    logger,
    meter,
  });
}
