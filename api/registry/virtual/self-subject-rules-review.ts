import { aggregated } from '../../authorization/rbac/rbac-policy.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { PolicyRule } from '../../types/rbac.ts';
import type { RegistryContext } from '../context.ts';

/**
 * Lists the rights of the client in a namespace, for people: `kubectl auth can-i --list` (kube-apiserver
 * registry/authorization/selfsubjectrulesreview). @throws StatusError BadRequest without a namespace
 */
export async function selfSubjectRulesReview(
  { authorizer, ruleResolver }: Pick<RegistryContext, 'authorizer' | 'ruleResolver'>,
  user: User,
  { apiVersion, kind, spec }: Unstructured,
): Promise<Unstructured> {
  const { namespace } = fieldsOf(spec);
  if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request');
  const { rules, missing } = await ruleResolver.rulesOf(user, namespace);
  const unlisted = authorizer.whyNotListed?.(user) ?? [];
  const errors = [...unlisted, ...missing];
  const status = {
    resourceRules: rules.filter(({ resources = [] }) => resources.length > 0).map(resourceRule),
    nonResourceRules: rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: unlisted.length > 0,
    ...(errors.length > 0 && { evaluationError: aggregated(errors) }),
  };
  // Reviews have no name; upstream's answer leaves the question out.
  return { apiVersion, kind, metadata: {} as Unstructured['metadata'], spec: {}, status };
}

function resourceRule({ verbs, apiGroups, resources, resourceNames }: PolicyRule): object {
  return {
    verbs,
    ...(apiGroups && { apiGroups }),
    resources,
    ...(resourceNames && { resourceNames }),
  };
}
