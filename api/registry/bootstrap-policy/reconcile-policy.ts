import type { Logger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import { ignoreNotFound, isStatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { RBAC_GROUP } from '../../types/rbac.ts';
import type { Binding } from '../../types/rbac.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import type { BootstrapPolicy } from './bootstrap-role.ts';
import {
  changedBinding,
  changedRole,
  givesAnotherRole,
  isProtected,
  newBinding,
  newRole,
} from './reconciled.ts';

const WRITE = {
  dryRun: false,
  fieldValidation: 'Strict',
  fieldManager: 'troupe-bootstrap-policy',
  user: API_SERVER_USER,
} as const;
/** Replicas that start at once, and whoever else writes at that moment. */
const ATTEMPTS = 10;

/** Makes the roles and bindings that a server has to have, and completes those that are there. */
export async function reconcilePolicy(
  registry: Registry,
  { roles, bindings }: BootstrapPolicy,
  logger: Logger,
): Promise<void> {
  for (const role of roles) {
    const plural = role.namespace === undefined ? 'clusterroles' : 'roles';
    await reconcile(registry, {
      ...{ logger, target: targetOf(registry, plural, role) },
      make: () => newRole(role, roles),
      change: (stored) => changedRole(stored, role),
    });
  }
  for (const binding of bindings) {
    const plural = binding.namespace === undefined ? 'clusterrolebindings' : 'rolebindings';
    await reconcile(registry, {
      ...{ logger, target: targetOf(registry, plural, binding) },
      make: () => newBinding(binding),
      change: (stored) =>
        givesAnotherRole(stored as Binding, binding) ? undefined : changedBinding(stored as Binding, binding),
    });
  }
}

function targetOf(
  registry: Registry,
  plural: string,
  { name, namespace = '' }: { name: string; namespace?: string },
): Target {
  const resource = registry.catalog.find({ group: RBAC_GROUP, version: 'v1', plural });
  if (resource === undefined) throw new Error(`${plural} are not served`);
  return { resource, namespace, name };
}

interface Reconciled {
  target: Target;
  logger: Logger;
  make(): Unstructured;
  /** A stored one as it is to be; undefined when it has to be made again. */
  change(stored: Unstructured): Unstructured | undefined;
}

async function reconcile(registry: Registry, reconciled: Reconciled): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await makeOrChange(registry, reconciled);
      return;
    } catch (error) {
      if (!isRace(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

const isRace = (error: unknown): boolean =>
  isStatusError(error, 'AlreadyExists') ||
  isStatusError(error, 'Conflict') ||
  isStatusError(error, 'NotFound');

async function makeOrChange(registry: Registry, { target, make, change, logger }: Reconciled): Promise<void> {
  const { resource, namespace, name } = target;
  const stored = (await ignoreNotFound(registry.get({ target, user: API_SERVER_USER })))?.object;
  if (stored === undefined) {
    await registry.create({ resource, namespace, body: make(), ...WRITE });
    return;
  }
  const wanted = change(stored);
  if (wanted !== undefined && deepEqual(wanted, stored)) return;
  if (isProtected(stored)) {
    logger.warn('a bootstrap object is protected and stays as it is', { kind: resource.kind, name });
  } else if (wanted === undefined) {
    const { uid } = stored.metadata;
    const preconditions = uid === undefined ? {} : { uid };
    await registry.delete({ target, dryRun: false, user: API_SERVER_USER, preconditions });
    await registry.create({ resource, namespace, body: make(), ...WRITE });
  } else {
    await registry.update({ target, body: wanted, ...WRITE });
    logger.info('a bootstrap object got back what was missing', { kind: resource.kind, name });
  }
}
