import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { UNAUTHENTICATED_GROUP } from '../../machinery/users/user.ts';
import type { RbacPolicy } from './rbac-policy.ts';

export interface RbacAuthorizerOptions {
  policy: RbacPolicy;
  /**
   * Takes in every change that any replica acknowledged before the call; resolves with whether there was one.
   * @throws StatusError ServiceUnavailable
   */
  renew(): Promise<boolean>;
}

/**
 * Allows what a rule allows, by roles and bindings. Who is refused is judged again by the newest rules: a right that was
 * given through another replica counts at once. The rules for everybody are no secret and change by upgrades, so the
 * anonymous do not make the database work.
 */
export function createRbacAuthorizer({ policy, renew }: RbacAuthorizerOptions): Authorizer {
  return {
    async authorize(user, attributes) {
      const decision = policy.decide(user, attributes);
      if (decision.verdict === 'allow' || user.groups.includes(UNAUTHENTICATED_GROUP)) return decision;
      return (await renew()) ? policy.decide(user, attributes) : decision;
    },
  };
}
