import { EXECUTORS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects } from '../runtime/source.ts';
import { executorReconciler } from './reconciler.ts';

/** Watches Executors. */
export function executorController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const executors = informers.of(EXECUTORS);
  return createController({
    name: 'executor',
    client,
    reconcile: executorReconciler({ executors, clock, recorder: recorder('executor-controller') }),
    sources: [objects(executors)],
    clock,
    logger,
    meter,
  });
}
