import { CONTROLLERS_ACCOUNT } from '../../machinery/users/process-account.ts';
import { NAMESPACE_OWNER_ROLE } from '../../types/account.ts';
import type { PolicyRule, Subject } from '../../types/rbac.ts';
import type { BootstrapBinding, BootstrapRole } from './bootstrap-role.ts';
import { allow, AUTHORIZATION, clusterRole, COORDINATION, CORE, RBAC, TROUPE } from './rules.ts';

/**
 * Roles for the work of each controller, and nothing else; those that kube-controller-manager has too are named as
 * there (kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go). One process runs them all.
 */
const FOLLOW = ['list', 'watch'];

const follow = (group: string, ...resources: string[]): PolicyRule => allow(FOLLOW, group, resources);
const report = (resource: string): PolicyRule => allow(['update'], TROUPE, [`${resource}/status`]);
/** They own Sandboxes, which keep them until they are gone. */
const own = (...resources: string[]): PolicyRule =>
  allow(
    ['update'],
    TROUPE,
    resources.map((resource) => `${resource}/finalizers`),
  );

const LEASE = 'troupe-controllers';

const RULES: Readonly<Record<string, readonly PolicyRule[]>> = {
  // All of them tell Events, and one process of several leads.
  'event-recorder': [allow(['create', 'get', 'patch'], CORE, ['events'])],
  'leader-election': [
    allow(['create'], COORDINATION, ['leases']),
    { ...allow(['get', 'list', 'watch', 'update'], COORDINATION, ['leases']), resourceNames: [LEASE] },
  ],
  'generic-garbage-collector': [allow(['get', 'list', 'watch', 'patch', 'delete'], '*', ['*'])],
  'namespace-controller': [
    allow(['get', 'list', 'watch'], CORE, ['namespaces']),
    allow(['update'], CORE, ['namespaces/finalize', 'namespaces/status']),
    allow(['list', 'delete', 'deletecollection'], '*', ['*']),
  ],
  'service-account-controller': [
    follow(CORE, 'namespaces', 'serviceaccounts'),
    allow(['create'], CORE, ['serviceaccounts']),
  ],
  'root-ca-cert-publisher': [
    follow(CORE, 'namespaces', 'configmaps'),
    allow(['create'], CORE, ['configmaps']),
    { ...allow(['update'], CORE, ['configmaps']), resourceNames: ['kube-root-ca.crt'] },
  ],
  'clusterrole-aggregation-controller': [
    // It writes rules that it has not itself (kubernetes pkg/controller/clusterroleaggregation).
    allow(['get', 'list', 'watch', 'update', 'patch', 'escalate'], RBAC, ['clusterroles']),
  ],
  // It decides nothing: that takes the verb approve. Its writes are judged by the verb close.
  'approval-controller': [
    follow(TROUPE, 'approvals', 'tasks', 'users'),
    allow(['create'], TROUPE, ['approvals/mails']),
    follow(CORE, 'secrets'),
    allow(['get'], TROUPE, ['approvals', 'tasks']),
    allow(['close'], TROUPE, ['approvals']),
    report('approvals'),
  ],
  'bot-controller': [follow(TROUPE, 'bots', 'ghosts', 'shells', 'models', 'skills'), report('bots')],
  'collaboration-controller': [follow(TROUPE, 'collaborations'), report('collaborations')],
  'executor-controller': [
    follow(TROUPE, 'executors', 'sandboxes'),
    // It stops what runs on an Executor that is drained.
    allow(['patch'], TROUPE, ['sandboxes']),
    report('executors'),
  ],
  'ghost-controller': [follow(TROUPE, 'ghosts', 'skills', 'skillpackages', 'mcpservers'), report('ghosts')],
  'mcp-server-controller': [
    follow(TROUPE, 'mcpservers', 'sandboxes'),
    follow(CORE, 'secrets'),
    allow(['create', 'delete'], TROUPE, ['sandboxes']),
    own('mcpservers'),
    report('mcpservers'),
  ],
  'model-controller': [follow(TROUPE, 'models'), follow(CORE, 'secrets'), report('models')],
  // It counts what a quota names, whatever that is.
  'resourcequota-controller': [follow('*', '*'), allow(['update'], CORE, ['resourcequotas/status'])],
  'sandbox-controller': [
    follow(TROUPE, 'sandboxes', 'executors'),
    follow(CORE, 'resourcequotas'),
    allow(['get'], TROUPE, ['executors']),
    allow(['update'], TROUPE, ['sandboxes', 'sandboxes/status']),
    // A run gives way to one of higher priority, where that is switched on.
    allow(['patch'], TROUPE, ['sandboxes']),
  ],
  'shell-controller': [
    follow(TROUPE, 'shells', 'sandboxes'),
    allow(['create', 'delete'], TROUPE, ['sandboxes']),
    own('shells'),
    report('shells'),
  ],
  'skill-controller': [
    follow(TROUPE, 'skills', 'skillpackages', 'sandboxes', 'tasks', 'taskrevisions'),
    follow(CORE, 'configmaps', 'secrets'),
    allow(['get', 'create', 'patch'], TROUPE, ['skillpackages']),
    allow(['create', 'delete'], TROUPE, ['sandboxes']),
    own('skills'),
    report('skills'),
  ],
  'skill-package-controller': [
    follow(TROUPE, 'skillpackages', 'skills', 'ghosts', 'taskrevisions', 'sandboxes'),
    allow(['get', 'patch', 'delete'], TROUPE, ['skillpackages']),
  ],
  'task-controller': [
    follow(TROUPE, 'tasks', 'sandboxes', 'approvals', 'taskrevisions'),
    allow(['get', ...FOLLOW], TROUPE, [
      ...['teams', 'bots', 'ghosts', 'shells', 'models', 'skills', 'mcpservers', 'workspaces'],
      'collaborations',
    ]),
    allow(['get'], TROUPE, ['tasks']),
    // Whether who made a Task is still there.
    allow(['get'], TROUPE, ['users']),
    allow(['get'], CORE, ['serviceaccounts']),
    // A fork of a Task becomes an owner of Sandboxes that are there, which takes the right to delete them.
    allow(['get', 'create', 'patch', 'delete'], TROUPE, ['sandboxes']),
    allow(['get', 'create'], TROUPE, ['taskrevisions']),
    // It asks by them. It deletes those that nobody waits for.
    allow(['get', 'create', 'delete'], TROUPE, ['approvals']),
    // To be their controller.
    allow(['close'], TROUPE, ['approvals']),
    // Objects that it makes refer to all that a Task uses; whether the Task may is judged as the one who made the Task.
    allow(['use'], TROUPE, [
      ...['teams', 'collaborations', 'ghosts', 'models', 'skills', 'mcpservers', 'workspaces'],
    ]),
    allow(['use'], CORE, ['secrets']),
    allow(['create'], AUTHORIZATION, ['subjectaccessreviews']),
    own('tasks'),
    report('tasks'),
    report('taskrevisions'),
  ],
  'task-callback-controller': [
    follow(TROUPE, 'tasks'),
    follow(CORE, 'secrets'),
    allow(['update', 'patch'], TROUPE, ['tasks/status']),
  ],
  'task-revision-controller': [
    follow(TROUPE, 'taskrevisions', 'tasks', 'teams'),
    allow(['delete'], TROUPE, ['taskrevisions']),
    report('taskrevisions'),
  ],
  'team-controller': [follow(TROUPE, 'teams', 'bots', 'collaborations', 'taskrevisions'), report('teams')],
  'user-controller': [
    follow(TROUPE, 'users'),
    follow(CORE, 'namespaces'),
    allow(['create'], CORE, ['namespaces']),
    follow(RBAC, 'rolebindings'),
    allow(['create', 'delete'], RBAC, ['rolebindings']),
    // Users own their namespaces, whatever the controllers themselves may do there.
    { ...allow(['bind'], RBAC, ['clusterroles']), resourceNames: [NAMESPACE_OWNER_ROLE] },
    report('users'),
  ],
  'workspace-controller': [follow(TROUPE, 'workspaces'), follow(CORE, 'secrets'), report('workspaces')],
};

const controllers: Subject = { kind: 'ServiceAccount', ...CONTROLLERS_ACCOUNT };

const nameOf = (controller: string): string => `system:controller:${controller}`;

export const CONTROLLER_ROLES: readonly BootstrapRole[] = Object.entries(RULES).map(([name, rules]) => ({
  name: nameOf(name),
  rules,
}));

export const CONTROLLER_BINDINGS: readonly BootstrapBinding[] = Object.keys(RULES).map((name) => ({
  name: nameOf(name),
  role: clusterRole(nameOf(name)),
  subjects: [controllers],
}));
