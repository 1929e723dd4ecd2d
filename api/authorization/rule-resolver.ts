import type { User } from '../machinery/users/user.ts';
import type { PolicyRule, RoleRef } from '../types/rbac.ts';

/** Says which rules there are, in place of judging by them (kubernetes AuthorizationRuleResolver). */
export interface RuleResolver {
  /** Those for the whole cluster and those in the namespace. @throws StatusError ServiceUnavailable */
  rulesOf(user: User, namespace: string): Promise<RulesOfUser>;
  /**
   * The rules that a binding in `namespace` would give ('' for a ClusterRoleBinding); undefined without the role.
   * @throws StatusError ServiceUnavailable
   */
  rulesOfRole(ref: RoleRef, namespace: string): Promise<readonly PolicyRule[] | undefined>;
}

/** The rights of somebody in a namespace. */
export interface RulesOfUser {
  rules: PolicyRule[];
  /** Roles that are given and are not there: with them the rules might be more. */
  missing: string[];
}
