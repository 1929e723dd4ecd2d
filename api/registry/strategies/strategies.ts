import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';
import { collaborationStrategy } from './collaboration.ts';
import { approvalStrategy } from './approval.ts';
import { configMapStrategy } from './config-map.ts';
import { customResourceDefinitionStrategy } from './custom-resource-definition.ts';
import { eventStrategy } from './event.ts';
import { leaseStrategy } from './lease.ts';
import { namespaceStrategy } from './namespace.ts';
import { resourceQuotaStrategy } from './resource-quota.ts';
import { clusterRoleStrategy, roleStrategy } from './role.ts';
import { clusterRoleBindingStrategy, roleBindingStrategy } from './role-binding.ts';
import { sandboxStrategy } from './sandbox.ts';
import { secretStrategy } from './secret.ts';
import { skillStrategy } from './skill.ts';
import { skillPackageStrategy } from './skill-package.ts';
import type { Strategy } from './strategy.ts';
import { taskStrategy } from './task.ts';
import { teamStrategy } from './team.ts';
import { taskRevisionStrategy } from './task-revision.ts';
import { userStrategy } from './user.ts';

const STRATEGIES: ReadonlyMap<string, Strategy> = new Map([
  ['collaborations.agent.wecode.io', collaborationStrategy],
  ['configmaps', configMapStrategy],
  ['customresourcedefinitions.apiextensions.k8s.io', customResourceDefinitionStrategy],
  ['events', eventStrategy],
  ['leases.coordination.k8s.io', leaseStrategy],
  ['namespaces', namespaceStrategy],
  ['clusterroles.rbac.authorization.k8s.io', clusterRoleStrategy],
  ['clusterrolebindings.rbac.authorization.k8s.io', clusterRoleBindingStrategy],
  ['roles.rbac.authorization.k8s.io', roleStrategy],
  ['rolebindings.rbac.authorization.k8s.io', roleBindingStrategy],
  ['resourcequotas', resourceQuotaStrategy],
  ['secrets', secretStrategy],
  ['approvals.agent.wecode.io', approvalStrategy],
  ['tasks.agent.wecode.io', taskStrategy],
  ['teams.agent.wecode.io', teamStrategy],
  ['taskrevisions.agent.wecode.io', taskRevisionStrategy],
  ['sandboxes.agent.wecode.io', sandboxStrategy],
  ['skills.agent.wecode.io', skillStrategy],
  ['skillpackages.agent.wecode.io', skillPackageStrategy],
  ['users.agent.wecode.io', userStrategy],
]);

const NO_RULES: Strategy = {};

/** The strategy of a kind; one without rules for a kind whose schema says everything. */
export function strategyOf(resource: Resource): Strategy {
  return STRATEGIES.get(storageResource(resource)) ?? NO_RULES;
}
