import type { BootstrapRole } from './bootstrap-role.ts';
import { allow, COORDINATION, CORE, READ, TROUPE } from './rules.ts';

/**
 * For a `troupe sync` that works on the Syncs of all namespaces, or by a binding in one of those of one: an administrator
 * binds it. It may do nothing in its own name but to read Syncs and what they name; it acts as the accounts that they name.
 */
export const SYNC_ROLES: readonly BootstrapRole[] = [
  {
    name: 'troupe-sync',
    rules: [
      allow([...READ, 'patch'], TROUPE, ['syncs']),
      allow(['patch'], TROUPE, ['syncs/status']),
      allow(['get'], CORE, ['secrets']),
      allow(['impersonate'], CORE, ['serviceaccounts']),
      allow(['create', 'get', 'patch'], CORE, ['events']),
      allow(['create'], COORDINATION, ['leases']),
      {
        ...allow(['get', 'list', 'watch', 'update'], COORDINATION, ['leases']),
        resourceNames: ['troupe-sync'],
      },
    ],
  },
];
