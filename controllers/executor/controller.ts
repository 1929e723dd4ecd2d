import { LIVE_ON, liveOn } from '#api/types/sandboxes/live-sandboxes';
import { EXECUTORS, SANDBOXES } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import { executorReconciler } from './reconciler.ts';

/** Watches Executors, and the Sandboxes of those that are drained. */
export function executorController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const executors = informers.of(EXECUTORS);
  const sandboxes = informers.of(SANDBOXES);
  sandboxes.addIndex(LIVE_ON, liveOn);
  const isDrained = (name: string): boolean => executors.get(name)?.spec.drain !== undefined;
  return createController({
    name: 'executor',
    client,
    reconcile: executorReconciler({
      executors,
      liveOn: (name) => sandboxes.byIndex(LIVE_ON, name),
      clock,
      recorder: recorder('executor-controller'),
    }),
    failures: { find: (key) => executors.get(key), recorder: recorder('executor-controller') },
    sources: [
      objects(executors),
      source(sandboxes, ({ old, new: now }) =>
        [old, now].flatMap((one) => (one === undefined ? [] : liveOn(one))).filter(isDrained),
      ),
    ],
    clock,
    logger,
    meter,
  });
}
