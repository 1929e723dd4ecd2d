import type { Attributes, ResourceAttributes } from '../machinery/users/authorizer.ts';
import type { User } from '../machinery/users/user.ts';
import type { Level, Stage } from './event.ts';
import type { GroupResources, Policy, PolicyRule } from './policy.ts';

/** The verdict of the policy on one request. */
export interface RequestPolicy {
  level: Level;
  omitStages: ReadonlySet<Stage>;
  omitManagedFields: boolean;
}

export interface PolicyEvaluator {
  /** `user` is undefined for a request whose credentials were refused. */
  evaluate(user: User | undefined, attributes: Attributes): RequestPolicy;
}

/** As apiserver pkg/audit/policy/checker.go: the first rule that matches; nothing is written where none does. */
export function createPolicyEvaluator(policy: Policy): PolicyEvaluator {
  const rules = policy.rules.map((rule) => ({
    rule,
    says: {
      level: rule.level,
      omitStages: new Set([...(policy.omitStages ?? []), ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields ?? false,
    },
  }));
  const otherwise: RequestPolicy = { level: 'None', omitStages: new Set(), omitManagedFields: false };
  return {
    evaluate: (user, attributes) =>
      rules.find(({ rule }) => matches(rule, user, attributes))?.says ?? otherwise,
  };
}

function matches(rule: PolicyRule, user: User | undefined, attributes: Attributes): boolean {
  const { users = [], userGroups = [], verbs = [], resources = [], namespaces = [] } = rule;
  if (users.length > 0 && !(user !== undefined && users.includes(user.name))) return false;
  if (userGroups.length > 0 && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs.length > 0 && !verbs.includes(attributes.verb)) return false;
  if (namespaces.length > 0 || resources.length > 0) return matchesResource(rule, attributes.resource);
  const { nonResourceURLs = [] } = rule;
  if (nonResourceURLs.length === 0) return true;
  return (
    attributes.resource === undefined && nonResourceURLs.some((url) => matchesPath(url, attributes.path))
  );
}

function matchesPath(rule: string, path: string): boolean {
  return rule === '*' || rule === path || (rule.endsWith('*') && path.startsWith(rule.slice(0, -1)));
}

function matchesResource(
  { resources = [], namespaces = [] }: PolicyRule,
  resource: ResourceAttributes | undefined,
): boolean {
  if (resource === undefined) return false;
  if (namespaces.length > 0 && !namespaces.includes(resource.namespace)) return false;
  return resources.length === 0 || resources.some((entry) => covers(entry, resource));
}

function covers(
  { group = '', resources = [], resourceNames = [] }: GroupResources,
  { group: asked, plural, subresource, name }: ResourceAttributes,
): boolean {
  if (group !== asked) return false;
  if (resources.length === 0) return true;
  if (resourceNames.length > 0 && !resourceNames.includes(name)) return false;
  const whole = subresource === '' ? plural : `${plural}/${subresource}`;
  return resources.some(
    (one) =>
      one === whole ||
      one === '*' ||
      one === `${plural}/*` ||
      (subresource !== '' && one === `*/${subresource}`),
  );
}
