import { CONFIG_MAPS, NAMESPACES } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import { CONFIG_MAP_NAME, rootCAReconciler } from './reconciler.ts';

/** Sees to the ConfigMap with the server's certificate authority in each namespace; clients wait for it. */
export function rootCAController(
  { client, informers, clock, logger, meter, recorder }: ControllerContext,
  caCertificate: string,
): Runnable {
  const namespaces = informers.of(NAMESPACES);
  const configMaps = informers.of(CONFIG_MAPS, `metadata.name=${CONFIG_MAP_NAME}`);
  return createController({
    name: 'root-ca',
    client,
    reconcile: rootCAReconciler({ namespaces, configMaps, caCertificate }),
    failures: { find: (key) => namespaces.get(key), recorder: recorder('root-ca-cert-publisher') },
    sources: [
      objects(namespaces, ({ new: now }) => now !== undefined),
      source(configMaps, ({ old, new: now }) => [(now ?? old).metadata.namespace ?? '']),
    ],
    clock,
    logger,
    meter,
  });
}
