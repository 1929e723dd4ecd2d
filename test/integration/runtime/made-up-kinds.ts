import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi } from '#api/main';
import type { RunningApi } from '#api/main';
import { connect } from '#api/client/connect';
import type { Connection } from '#api/client/connect';
import { silentLogger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { defineResources } from '#api/schema/load-crds';
import type { CustomResourceDefinition } from '#api/schema/load-crds';
import type { Informer } from '#controllers/runtime/informer';

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

/** A real API server on a free port with the made-up kinds, its data in a folder of its own. */
export interface TestApi extends AsyncDisposable {
  connection: Connection;
  /** Ends the server as a shutdown does, calls `meanwhile`, and starts it again on the same port and data. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
}

export async function startTestApi(): Promise<TestApi> {
  const folder = await mkdtemp(join(tmpdir(), 'troupe-runtime-'));
  const extraDefinitions = [crd('Widget', 'widgets'), crd('Part', 'parts')].flatMap((definition) =>
    defineResources(definition, { builtIn: false }),
  );
  const start = (port: number): Promise<RunningApi> =>
    startApi({
      listen: { host: '127.0.0.1', port },
      dataDir: folder,
      logger: silentLogger,
      extraDefinitions,
    });
  let api = await start(0);
  const connection = await connect({ kubeconfig: api.kubeconfigPath });
  return {
    connection,
    async restart(meanwhile) {
      const port = Number(new URL(api.url).port);
      await api.close();
      await meanwhile?.();
      api = await start(port);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

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
