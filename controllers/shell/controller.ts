import { objectKey } from '#api/machinery/meta';
import { SHELLS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { shellReconciler } from './reconciler.ts';

/** Watches Shells, and looks at a Shell again when the one it is based on changes. */
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
    baseShellRef === undefined ? [] : [objectKey({ namespace, name: baseShellRef })],
  );
  return createController({
    name: 'shell',
    client,
    reconcile: shellReconciler({
      shells,
      clock,
      troubles: createTroubles({ recorder: recorder('shell-controller'), clock }),
    }),
    sources: [objects(shells), referrersTo(shells, shells, 'shell:base')],
    clock,
    logger,
    meter,
  });
}
