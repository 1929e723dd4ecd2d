import type { BootstrapRole } from './bootstrap-role.ts';
import {
  allow,
  AUTHORIZATION,
  COORDINATION,
  CORE,
  EVENTS,
  RBAC,
  READ,
  READ_WRITE,
  TROUPE,
  WRITE,
} from './rules.ts';

/** The kinds that people write. */
export const AGENT_KINDS = [
  'ghosts',
  'models',
  'shells',
  'bots',
  'teams',
  'workspaces',
  'skills',
  'mcpservers',
  'collaborations',
];
/** Those that the server makes of them. */
const MADE_KINDS = ['approvals', 'sandboxes', 'taskrevisions', 'skillpackages'];

/** Those whose objects may hold credentials, which are masked without the verb reveal. */
const CREDENTIAL_KINDS = ['ghosts', 'models', 'shells', 'workspaces', 'skills', 'mcpservers'];

export const statusOf = (kinds: readonly string[]): string[] => kinds.map((kind) => `${kind}/status`);

export const aggregateTo = (name: string): Record<string, string> => ({
  [`rbac.authorization.k8s.io/aggregate-to-${name}`]: 'true',
});

/**
 * `view`, `edit` and `admin` for the things of one namespace, each made of the one before it and of every ClusterRole
 * that is labelled for it: a role for a kind of one's own joins by its label. Their rights on Kubernetes' own kinds
 * are those of kube-apiserver's roles.
 */
export const NAMESPACE_ROLES: readonly BootstrapRole[] = [
  { name: 'admin', aggregates: [{ matchLabels: aggregateTo('admin') }] },
  { name: 'edit', labels: aggregateTo('admin'), aggregates: [{ matchLabels: aggregateTo('edit') }] },
  { name: 'view', labels: aggregateTo('edit'), aggregates: [{ matchLabels: aggregateTo('view') }] },
  {
    // Gives rights to others, as far as it has them itself.
    name: 'system:aggregate-to-admin',
    labels: aggregateTo('admin'),
    rules: [
      allow(['create'], AUTHORIZATION, ['localsubjectaccessreviews']),
      allow(READ_WRITE, RBAC, ['roles', 'rolebindings']),
      allow(['reveal'], TROUPE, CREDENTIAL_KINDS),
    ],
  },
  {
    // Writes no status but a decision, and makes no Sandbox: those are the controllers', and a Sandbox could name any
    // Secret.
    name: 'system:aggregate-to-edit',
    labels: aggregateTo('edit'),
    rules: [
      allow(READ, CORE, ['secrets', 'pods/exec', 'pods/attach', 'pods/portforward']),
      allow(['impersonate'], CORE, ['serviceaccounts']),
      allow(WRITE, CORE, ['configmaps', 'secrets', 'serviceaccounts']),
      allow(['create'], CORE, ['pods/exec', 'pods/attach', 'pods/portforward', 'serviceaccounts/token']),
      allow(WRITE, [CORE, EVENTS], ['events']),
      allow(READ_WRITE, COORDINATION, ['leases']),
      allow([...WRITE, 'use'], TROUPE, AGENT_KINDS),
      allow(WRITE, TROUPE, ['tasks']),
      allow(['create'], TROUPE, [
        'tasks/answers',
        'tasks/events',
        'tasks/messages',
        'tasks/retry',
        'tasks/webhooks',
      ]),
      // Whoever runs Tasks decides what they ask, unless an Approval names its approvers.
      allow(['approve'], TROUPE, ['approvals']),
      allow(['update', 'patch'], TROUPE, ['approvals/status']),
      allow(['create'], TROUPE, ['approvals/links']),
      allow(['update'], TROUPE, ['skills/package', '*/finalizers']),
      allow(['update', 'delete'], TROUPE, ['skills/rating']),
      allow(['delete', 'deletecollection'], TROUPE, ['sandboxes']),
      // `troupe sync` writes the status with the rights of whoever starts it.
      allow(WRITE, TROUPE, ['syncs']),
      allow(['update', 'patch'], TROUPE, ['syncs/status']),
    ],
  },
  {
    // No Secrets: they hold what lets one do more than look.
    name: 'system:aggregate-to-view',
    labels: aggregateTo('view'),
    rules: [
      allow(READ, CORE, ['configmaps', 'serviceaccounts', 'pods', 'pods/status', 'pods/log']),
      allow(READ, CORE, ['namespaces', 'namespaces/status', 'resourcequotas', 'resourcequotas/status']),
      allow(READ, [CORE, EVENTS], ['events']),
      allow(READ, TROUPE, [...AGENT_KINDS, ...statusOf(AGENT_KINDS)]),
      allow(READ, TROUPE, ['tasks', 'tasks/status', 'tasks/log', 'tasks/messages', 'skills/package']),
      allow(READ, TROUPE, ['syncs', 'syncs/status']),
      allow(READ, TROUPE, [...MADE_KINDS, ...statusOf(MADE_KINDS)]),
    ],
  },
];
