import type { LabelSelectorObject } from '../../machinery/selectors/label-selector-object.ts';
import type { PolicyRule, RoleRef, Subject } from '../../types/rbac.ts';

/** A role that every server has. With a namespace it is a Role, else a ClusterRole. */
export interface BootstrapRole {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  rules?: readonly PolicyRule[];
  /** Its rules are copied from the ClusterRoles with one of these labels. */
  aggregates?: readonly LabelSelectorObject[];
}

/** A binding that every server has. With a namespace it is a RoleBinding, else a ClusterRoleBinding. */
export interface BootstrapBinding {
  name: string;
  namespace?: string;
  role: Pick<RoleRef, 'kind' | 'name'>;
  subjects: readonly Subject[];
}

export interface BootstrapPolicy {
  roles: readonly BootstrapRole[];
  bindings: readonly BootstrapBinding[];
}
