import { objectKey } from '#api/machinery/meta';
import { SECRETS, WORKSPACES } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { workspaceReconciler } from './reconciler.ts';

/** Watches Workspaces and the Secrets they name. */
export function workspaceController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const workspaces = informers.of(WORKSPACES);
  const secrets = informers.of(SECRETS);
  workspaces.addIndex('workspace:secret', ({ metadata: { namespace }, spec: { repository } }) =>
    repository.secretRef === undefined ? [] : [objectKey({ namespace, name: repository.secretRef.name })],
  );
  const troubles = createTroubles({ recorder: recorder('workspace-controller'), clock });
  return createController({
    name: 'workspace',
    client,
    reconcile: workspaceReconciler({ workspaces, secrets, clock, troubles }),
    failures: { find: (key) => workspaces.get(key), recorder: recorder('workspace-controller') },
    sources: [objects(workspaces), referrersTo(secrets, workspaces, 'workspace:secret')],
    clock,
    logger,
    meter,
  });
}
