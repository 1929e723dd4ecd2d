import type { Client } from '#api/client/client';
import { isStatusError } from '#api/machinery/status-error';
import { SERVICE_ACCOUNTS } from '#api/types/resources';
import type { Namespace } from '#api/types/resources';
import type { Unstructured } from '#api/machinery/meta';
import type { Reconcile } from '../runtime/controller.ts';
import type { Informer } from '../runtime/informer.ts';
import { isNamespaceGoing } from '../runtime/namespace-going.ts';

export const DEFAULT_NAME = 'default';

export interface ServiceAccountOptions {
  namespaces: Pick<Informer<Namespace>, 'get'>;
  accounts: Pick<Informer<Unstructured>, 'get'>;
}

export function serviceAccountReconciler(options: ServiceAccountOptions): Reconcile<Pick<Client, 'create'>> {
  return async (namespace, { client }) => {
    if (options.namespaces.get(namespace)?.status?.phase !== 'Active') return;
    if (options.accounts.get(`${namespace}/${DEFAULT_NAME}`) !== undefined) return;
    const metadata = { name: DEFAULT_NAME, namespace };
    try {
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
      await client.create(SERVICE_ACCOUNTS, account);
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists') && !isNamespaceGoing(error)) throw error;
    }
  };
}
