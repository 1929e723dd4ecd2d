import { ACCOUNT_BINDINGS, ACCOUNT_ROLES } from './account-roles.ts';
import type { BootstrapPolicy } from './bootstrap-role.ts';
import { CONTROLLER_BINDINGS, CONTROLLER_ROLES } from './controller-roles.ts';
import { NAMESPACE_ROLES } from './namespace-roles.ts';
import { PUBLIC_BINDINGS, PUBLIC_ROLES } from './public-objects.ts';
import { SYNC_ROLES } from './sync-role.ts';
import { SYSTEM_BINDINGS, SYSTEM_ROLES } from './system-roles.ts';

/**
 * The roles and bindings that are there from the first start on (kubernetes
 * plugin/pkg/auth/authorizer/rbac/bootstrappolicy). Whoever needs more adds a list of his own here.
 */
export const BOOTSTRAP_POLICY: BootstrapPolicy = {
  roles: [
    ...SYSTEM_ROLES,
    ...NAMESPACE_ROLES,
    ...PUBLIC_ROLES,
    ...ACCOUNT_ROLES,
    ...SYNC_ROLES,
    ...CONTROLLER_ROLES,
  ],
  bindings: [...SYSTEM_BINDINGS, ...PUBLIC_BINDINGS, ...ACCOUNT_BINDINGS, ...CONTROLLER_BINDINGS],
};
