import { objectKey } from '#api/machinery/meta';
import { SECRETS, TASKS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { referrersTo, source } from '../runtime/source.ts';
import { taskCallbackReconciler } from './reconciler.ts';

const BY_SECRET = 'task-callback:secret';
/** An address that does not answer keeps a worker for 15 s. */
const WORKERS = 16;

/** Watches Tasks with a callback, and the Secrets that sign. */
export function taskCallbackController(context: ControllerContext): Runnable {
  const { client, informers, webhooks, clock, logger, meter, recorder } = context;
  const tasks = informers.of(TASKS);
  const secrets = informers.of(SECRETS);
  tasks.addIndex(BY_SECRET, ({ metadata: { namespace }, spec: { callback } }) =>
    callback?.secretRef === undefined ? [] : [objectKey({ namespace, name: callback.secretRef.name })],
  );
  return createController({
    name: 'task-callback',
    client,
    reconcile: taskCallbackReconciler({
      ...{ tasks, secrets, webhooks, clock },
      recorder: recorder('task-callback-controller'),
    }),
    failures: { find: (key) => tasks.get(key), recorder: recorder('task-callback-controller') },
    sources: [
      source(tasks, ({ key, new: task }) => (task?.spec.callback === undefined ? [] : [key])),
      referrersTo(secrets, tasks, BY_SECRET),
    ],
    workers: WORKERS,
    clock,
    logger,
    meter,
  });
}
