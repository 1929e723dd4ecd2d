import { AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP } from '../../machinery/users/user.ts';
import { ADMINS_GROUP, NAMESPACE_OWNER_ROLE } from '../../types/account.ts';
import { JOIN_PATH } from '../../types/join-token.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-role.ts';
import { aggregateTo, AGENT_KINDS, statusOf } from './namespace-roles.ts';
import { allow, allowPaths, clusterRole, CORE, EVENTS, group, READ, READ_WRITE, TROUPE } from './rules.ts';

/** Each is judged by a password or a token in its body. */
const LOGIN_PATHS = [
  'activate',
  'forgot-password',
  'login',
  'logout',
  'refresh',
  'register',
  'reset-password',
];

/** The roles of people with accounts. */
export const ACCOUNT_ROLES: readonly BootstrapRole[] = [
  {
    name: 'troupe:login',
    rules: [
      allowPaths(
        ['post'],
        LOGIN_PATHS.map((name) => `/api/auth/${name}`),
      ),
    ],
  },
  {
    // Each is judged by the token in its address.
    name: 'troupe:webhooks',
    // A GET shows the decision before it is made.
    rules: [allowPaths(['post'], ['/webhooks/*']), allowPaths(['get', 'head'], ['/webhooks/approvals/*'])],
  },
  {
    // Judged by the join token in its body; a GET shows the authority that the machine compares with its hash.
    name: 'troupe:join',
    rules: [allowPaths(['get', 'post'], [JOIN_PATH])],
  },
  {
    // Whoever has no account is told so.
    name: 'troupe:own-account',
    rules: [
      allowPaths(['post'], ['/api/auth/change-password']),
      allowPaths(['get', 'put', 'patch', 'post', 'delete'], ['/api/users/me', '/api/users/me/*']),
    ],
  },
  { name: NAMESPACE_OWNER_ROLE, aggregates: [{ matchLabels: aggregateTo('admin') }] },
  { name: 'troupe-editor', aggregates: [{ matchLabels: aggregateTo('edit') }] },
  { name: 'troupe-viewer', aggregates: [{ matchLabels: aggregateTo('view') }] },
  {
    // Runs Tasks, and reads how they go. No Secrets and no ConfigMaps, no Sandboxes, which may name them; no exec.
    name: 'troupe-runner',
    rules: [
      allow([...READ, 'use'], TROUPE, AGENT_KINDS),
      allow(READ, TROUPE, statusOf(AGENT_KINDS)),
      allow(READ_WRITE, TROUPE, ['tasks']),
      allow(READ, TROUPE, ['tasks/status', 'tasks/log', 'tasks/messages']),
      allow(['create'], TROUPE, [
        'tasks/answers',
        'tasks/events',
        'tasks/messages',
        'tasks/retry',
        'tasks/webhooks',
      ]),
      allow([...READ, 'approve'], TROUPE, ['approvals']),
      allow(['create'], TROUPE, ['approvals/links']),
      allow([...READ, 'update', 'patch'], TROUPE, ['approvals/status']),
      allow(READ, CORE, ['namespaces', 'pods', 'pods/status', 'pods/log']),
      allow(READ, [CORE, EVENTS], ['events']),
    ],
  },
];

const authenticated = group(AUTHENTICATED_GROUP);

export const ACCOUNT_BINDINGS: readonly BootstrapBinding[] = [
  {
    name: 'troupe:login',
    role: clusterRole('troupe:login'),
    subjects: [authenticated, group(UNAUTHENTICATED_GROUP)],
  },
  {
    name: 'troupe:webhooks',
    role: clusterRole('troupe:webhooks'),
    subjects: [authenticated, group(UNAUTHENTICATED_GROUP)],
  },
  {
    name: 'troupe:join',
    role: clusterRole('troupe:join'),
    subjects: [authenticated, group(UNAUTHENTICATED_GROUP)],
  },
  { name: 'troupe:own-account', role: clusterRole('troupe:own-account'), subjects: [authenticated] },
  { name: 'troupe:admins', role: clusterRole('cluster-admin'), subjects: [group(ADMINS_GROUP)] },
];
