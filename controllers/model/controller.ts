import { objectKey } from '#api/machinery/meta';
import { MODELS, SECRETS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { modelReconciler } from './reconciler.ts';

/** Watches Models and the Secrets they name. */
export function modelController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const models = informers.of(MODELS);
  const secrets = informers.of(SECRETS);
  models.addIndex('model:secret', ({ metadata: { namespace }, spec: { secretRef } }) =>
    secretRef === undefined ? [] : [objectKey({ namespace, name: secretRef.name })],
  );
  return createController({
    name: 'model',
    client,
    reconcile: modelReconciler({
      models,
      secrets,
      clock,
      troubles: createTroubles({ recorder: recorder('model-controller'), clock }),
    }),
    failures: { find: (key) => models.get(key), recorder: recorder('model-controller') },
    sources: [objects(models), referrersTo(secrets, models, 'model:secret')],
    clock,
    logger,
    meter,
  });
}
