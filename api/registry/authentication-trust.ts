import { isStatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/user.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import { storageResource } from './resource.ts';

/**
 * Where servers behind this one read by whose certificates it logs users in, and which proxies they may believe
 * (kubernetes pkg/controlplane/controller/clusterauthenticationtrust).
 */
const NAMESPACE = 'kube-system';
const NAME = 'extension-apiserver-authentication';

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
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  try {
    await registry.create({ resource: namespaces, namespace: '', body: namespace, ...write });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
  await registry.patch({
    target: { resource: configMaps, namespace: NAMESPACE, name: NAME },
    ...{ type: 'apply', force: true, ...write },
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME, namespace: NAMESPACE }, data },
  });
}

function kindOf({ catalog }: Registry, plural: string): Resource {
  const resource = catalog.current().find((one) => storageResource(one) === plural);
  if (resource === undefined) throw new Error(`the kind of ${plural} is not defined`);
  return resource;
}
