import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { defineResources } from '#api/schema/load-crds';
import type { CustomResourceDefinition } from '#api/schema/load-crds';
import type { Informer } from '#controllers/runtime/informer';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';

/** Two kinds nobody has: the runtime knows no kind, so its tests must not either. */
export interface Widget extends KubeObject {
  spec: { parts: number };
  status?: { parts?: number };
}

export interface Part extends KubeObject {
  spec: { number: number };
}

const names = { group: 'made.up', version: 'v1', namespaced: true } as const;
export const WIDGETS: ResourceType<Widget> = { ...names, kind: 'Widget', plural: 'widgets' };
export const PARTS: ResourceType<Part> = { ...names, kind: 'Part', plural: 'parts' };

function crd(kind: string, plural: string): CustomResourceDefinition {
  const number = { type: 'integer' as const };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.made.up` },
    spec: {
      group: 'made.up',
      scope: 'Namespaced',
      names: { kind, plural },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: { type: 'object', properties: { parts: number, number } },
                status: { type: 'object', properties: { parts: number } },
              },
            },
          },
        },
      ],
    },
  } as CustomResourceDefinition;
}

/** A real API server with the made-up kinds. */
export const startTestApi = (): Promise<RestartableApi> =>
  startRestartableApi({
    extraDefinitions: [crd('Widget', 'widgets'), crd('Part', 'parts')].flatMap((definition) =>
      defineResources(definition, { builtIn: false }),
    ),
  });

export const widget = (name: string, parts = 1): Widget => ({
  apiVersion: 'made.up/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'default' },
  spec: { parts },
});

/** Resolves as soon as `test` holds after some change that the informer saw. */
export function until<T extends KubeObject>(informer: Informer<T>, test: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (test()) resolve();
    informer.onChange(() => {
      if (test()) resolve();
    });
  });
}
