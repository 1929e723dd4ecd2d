import { KUBE_SYSTEM_NAMESPACE } from '../machinery/process-account.ts';
import { isStatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/user.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import { storageResource } from './resource.ts';

/**
 * The ConfigMap in which servers behind this one read by whose certificates it logs users in, and which proxies they
 * may believe (kubernetes pkg/controlplane/controller/clusterauthenticationtrust).
 */
export const AUTHENTICATION_TRUST = {
  namespace: KUBE_SYSTEM_NAMESPACE,
  name: 'extension-apiserver-authentication',
} as const;

const write = {
  dryRun: false,
  fieldValidation: 'Strict',
  user: API_SERVER_USER,
  fieldManager: 'troupe-authentication-trust',
} as const;

/** Keeps the ConfigMap; without anything to say in it, there need be none. */
export async function publishAuthenticationTrust(
  registry: Registry,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  if (Object.keys(data).length === 0) return;
  const namespaces = kindOf(registry, 'namespaces');
  const configMaps = kindOf(registry, 'configmaps');
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: AUTHENTICATION_TRUST.namespace },
  };
  try {
    await registry.create({ resource: namespaces, namespace: '', body: namespace, ...write });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
  await registry.patch({
    target: { resource: configMaps, ...AUTHENTICATION_TRUST },
    ...{ type: 'apply', force: true, ...write },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: AUTHENTICATION_TRUST, data },
  });
}

function kindOf({ catalog }: Registry, plural: string): Resource {
  const resource = catalog.current().find((one) => storageResource(one) === plural);
  if (resource === undefined) throw new Error(`the kind of ${plural} is not defined`);
  return resource;
}
