import { KUBE_SYSTEM_NAMESPACE } from '../../machinery/users/process-account.ts';
import type { Clock } from '../../machinery/clock.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { isStatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { Registry } from '../registry.ts';
import type { Resource, Target } from '../resource.ts';
import { storageResource } from '../resource.ts';
import { combinedTrust } from './combined-trust.ts';

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

/** Each lost race means that another replica has published its part. */
const MOST_TRIES = 20;

export interface TrustOptions {
  registry: Registry;
  clock: Clock;
}

/** Adds what this server has to say to the ConfigMap; without anything to say, there need be none. */
export async function publishAuthenticationTrust(
  { registry, clock }: TrustOptions,
  data: Readonly<Record<string, string>>,
): Promise<void> {
  if (Object.keys(data).length === 0) return;
  await ensureNamespace(registry);
  const resource = kindOf(registry, 'configmaps');
  const target = { resource, ...AUTHENTICATION_TRUST };
  for (let attempt = 1; ; attempt++) {
    const current = await found(registry, target);
    const published = (current?.['data'] ?? {}) as Record<string, string>;
    const combined = combinedTrust(published, data, clock.now());
    if (current !== undefined && deepEqual(published, combined)) return;
    try {
      if (current === undefined) {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: AUTHENTICATION_TRUST, data: combined };
        await registry.create({ resource, namespace: target.namespace, body, ...write });
      } else await registry.update({ target, body: { ...current, data: combined }, ...write });
      return;
    } catch (error) {
      const isLost = isStatusError(error, 'Conflict') || isStatusError(error, 'AlreadyExists');
      if (!isLost || attempt === MOST_TRIES) throw error;
    }
  }
}

async function ensureNamespace(registry: Registry): Promise<void> {
  const metadata = { name: AUTHENTICATION_TRUST.namespace };
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata };
  try {
    await registry.create({ resource: kindOf(registry, 'namespaces'), namespace: '', body, ...write });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}

async function found(registry: Registry, target: Target): Promise<Unstructured | undefined> {
  try {
    return (await registry.get({ target, user: write.user })).object;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}

function kindOf({ catalog }: Registry, plural: string): Resource {
  const resource = catalog.current().find((one) => storageResource(one) === plural);
  if (resource === undefined) throw new Error(`the kind of ${plural} is not defined`);
  return resource;
}
