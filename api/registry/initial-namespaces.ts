import { isStatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { INITIAL_NAMESPACES } from './admission/namespace-lifecycle.ts';
import type { Registry } from './registry.ts';
import { storageResource } from './resource.ts';

const write = { dryRun: false, fieldValidation: 'Strict', user: API_SERVER_USER } as const;

/** Makes the namespaces that everything else relies on; several replicas may do so at once. */
export async function createInitialNamespaces(registry: Registry): Promise<void> {
  const resource = registry.catalog.current().find((one) => storageResource(one) === 'namespaces');
  if (resource === undefined) throw new Error('the kind Namespace is not defined');
  for (const name of INITIAL_NAMESPACES) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    try {
      await registry.create({ resource, namespace: '', body, ...write });
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists')) throw error;
    }
  }
}
