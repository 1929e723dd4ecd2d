import { objectKey } from '#api/machinery/meta';
import { SANDBOXES, SHELLS } from '#api/types/resources';
import { PUBLIC_NAMESPACE } from '#api/types/shells/shell';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { controllerUIDs } from '../runtime/owned-objects.ts';
import { objects, ownersOf, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { shellReconciler } from './reconciler.ts';

const OF_SHELL = 'sandbox:shell';

/** Watches Shells and the Sandboxes that check their images; a Shell follows the one it is based on. */
export function shellController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const shells = informers.of(SHELLS);
  shells.addIndex('shell:base', ({ metadata: { namespace }, spec: { baseShellRef } }) =>
    baseShellRef === undefined
      ? []
      : [namespace, PUBLIC_NAMESPACE].map((one) => objectKey({ namespace: one, name: baseShellRef })),
  );
  const sandboxes = informers.of(SANDBOXES);
  sandboxes.addIndex(OF_SHELL, (sandbox) => controllerUIDs(sandbox, SHELLS));
  return createController({
    name: 'shell',
    client,
    reconcile: shellReconciler({
      shells,
      sandboxesOf: (uid) => sandboxes.byIndex(OF_SHELL, uid),
      clock,
      troubles: createTroubles({ recorder: recorder('shell-controller'), clock }),
    }),
    failures: { find: (key) => shells.get(key), recorder: recorder('shell-controller') },
    sources: [objects(shells), referrersTo(shells, shells, 'shell:base'), ownersOf(sandboxes, SHELLS)],
    clock,
    logger,
    meter,
  });
}
