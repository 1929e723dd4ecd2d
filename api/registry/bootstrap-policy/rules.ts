import { TROUPE_GROUP } from '../../machinery/group-version-kind.ts';
import { RBAC_GROUP } from '../../types/rbac.ts';
import type { PolicyRule, RoleRef, Subject } from '../../types/rbac.ts';

/** The words that bootstrap roles are made of. */

export const READ = ['get', 'list', 'watch'];
export const WRITE = ['create', 'update', 'patch', 'delete', 'deletecollection'];
export const READ_WRITE = [...READ, ...WRITE];

export const CORE = '';
export const TROUPE = TROUPE_GROUP;
export const AUTHENTICATION = 'authentication.k8s.io';
export const AUTHORIZATION = 'authorization.k8s.io';
export const COORDINATION = 'coordination.k8s.io';
export const EVENTS = 'events.k8s.io';
export const RBAC = RBAC_GROUP;

/** A rule about resources of one group, or of several. */
export function allow(
  verbs: readonly string[],
  group: string | readonly string[],
  resources: string[],
): PolicyRule {
  const apiGroups = typeof group === 'string' ? [group] : [...group];
  return { verbs: [...verbs], apiGroups, resources };
}

export function allowPaths(verbs: readonly string[], nonResourceURLs: string[]): PolicyRule {
  return { verbs: [...verbs], nonResourceURLs };
}

export const group = (name: string): Subject => ({ kind: 'Group', apiGroup: RBAC_GROUP, name });

export const clusterRole = (name: string): Pick<RoleRef, 'kind' | 'name'> => ({ kind: 'ClusterRole', name });
