import type { LabelSelectorObject } from '../machinery/selectors/label-selector-object.ts';
import type { Unstructured } from '../machinery/meta.ts';

/** The kinds of rbac.authorization.k8s.io/v1, as the server keeps them: defaulted and valid. */

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** About resources, or about other paths; never about both. A request needs one rule that allows all of it. */
export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  /** Absent or empty: all objects. */
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

export interface Subject {
  kind: 'Group' | 'ServiceAccount' | 'User';
  /** Absent for a ServiceAccount. */
  apiGroup?: string;
  name: string;
  /** Of a ServiceAccount; absent in a RoleBinding: that of the binding. */
  namespace?: string;
}

export interface RoleRef {
  apiGroup: string;
  kind: 'ClusterRole' | 'Role';
  name: string;
}

export interface Role extends Unstructured {
  /** Null when there are none, as Go writes it. */
  rules?: PolicyRule[] | null;
}

export interface ClusterRole extends Role {
  /** The rules are copied from the ClusterRoles that one of the selectors matches. */
  aggregationRule?: { clusterRoleSelectors?: LabelSelectorObject[] };
}

/** RoleBinding and ClusterRoleBinding. */
export interface Binding extends Unstructured {
  subjects?: Subject[];
  roleRef: RoleRef;
}
