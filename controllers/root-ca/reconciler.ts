import type { Client } from '#api/client/client';
import { isStatusError } from '#api/machinery/status-error';
import { CONFIG_MAPS } from '#api/types/resources';
import type { ConfigMap, Namespace } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import type { Informer } from '../runtime/informer.ts';
import { isNamespaceGoing } from '../runtime/namespace-going.ts';

export const CONFIG_MAP_NAME = 'kube-root-ca.crt';
const DESCRIPTION = 'kubernetes.io/description';
const DESCRIPTION_TEXT =
  "Contains a CA bundle that can be used to verify the API server. It is the server's own authority; " +
  'no other usage is guaranteed.';

type RootCAClient = Pick<Client, 'create' | 'update'>;

export interface RootCAOptions {
  namespaces: Pick<Informer<Namespace>, 'get'>;
  configMaps: Pick<Informer<ConfigMap>, 'get'>;
  /** PEM. */
  caCertificate: string;
}

/** After kube-controller-manager's certificates/rootcacertpublisher. */
export function rootCAReconciler(options: RootCAOptions): Reconcile<RootCAClient> {
  const { namespaces, configMaps, caCertificate } = options;
  return async (namespace, { client }) => {
    if (namespaces.get(namespace)?.status?.phase !== 'Active') return;
    const known = configMaps.get(`${namespace}/${CONFIG_MAP_NAME}`);
    if (known === undefined) {
      await create(client, wanted({ name: CONFIG_MAP_NAME, namespace }, caCertificate));
    } else if (!isRight(known, caCertificate)) {
      await client.update(CONFIG_MAPS, { ...known, ...wanted(known.metadata, caCertificate) });
    }
  };
}

function isRight({ data, metadata }: ConfigMap, caCertificate: string): boolean {
  const { 'ca.crt': certificate, ...others } = data ?? {};
  const isDescribed = (metadata.annotations?.[DESCRIPTION] ?? '') !== '';
  return certificate === caCertificate && Object.keys(others).length === 0 && isDescribed;
}

function wanted(metadata: ConfigMap['metadata'], caCertificate: string): ConfigMap {
  const annotations = { ...metadata.annotations, [DESCRIPTION]: DESCRIPTION_TEXT };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, annotations },
    data: { 'ca.crt': caCertificate },
  };
}

async function create(client: RootCAClient, configMap: ConfigMap): Promise<void> {
  try {
    await client.create(CONFIG_MAPS, configMap);
  } catch (error) {
    // Another replica may have been first.
    if (!isNamespaceGoing(error) && !isStatusError(error, 'AlreadyExists')) throw error;
  }
}
