import { aggregated } from '../../authorization/rbac/rbac-policy.ts';
import { uncoveredRules } from '../../authorization/rbac/coverage.ts';
import { describedRules, quotedList } from '../../authorization/rbac/rule-text.ts';
import type { RuleResolver } from '../../authorization/rule-resolver.ts';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { notFound } from '../../machinery/status-error.ts';
import { MASTERS_GROUP } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { RBAC_GROUP } from '../../types/rbac.ts';
import type { Binding, ClusterRole, PolicyRule, RoleRef } from '../../types/rbac.ts';
import type { AdmissionRequest, ValidatingPlugin, WriteAdmission } from './admission.ts';
import { forbiddenRequest } from './forbidden-request.ts';

export interface RoleEscalationOptions {
  authorizer: Authorizer;
  ruleResolver: RuleResolver;
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody gives rights that he has not: the rules of a role, or of the role that a binding gives, must be covered by those
 * of whoever writes it, in the namespace of the object. The verb `escalate` on roles and the verb `bind` on the role that
 * is given are rights to do so nevertheless (kubernetes pkg/registry/rbac, the policybased storages).
 */
export function roleEscalation({ authorizer, ruleResolver }: RoleEscalationOptions): ValidatingPlugin {
  const check = new EscalationCheck(authorizer, ruleResolver);
  return {
    name: 'RoleEscalation',
    async validate(request) {
      if (request.resource.group !== RBAC_GROUP || request.operation === 'DELETE') return;
      if (request.user.groups.includes(MASTERS_GROUP) || isForGarbageCollection(request)) return;
      const { plural } = request.resource;
      if (plural === 'roles' || plural === 'clusterroles') await check.role(request);
      if (plural === 'rolebindings' || plural === 'clusterrolebindings') await check.binding(request);
    },
  };
}

/**
 * Owners and finalizers only: whoever empties a namespace must not need the rights of all roles in it
 * (IsOnlyMutatingGCFields).
 */
function isForGarbageCollection({ object, previous }: WriteAdmission): boolean {
  return previous !== undefined && deepEqual(withoutBookkeeping(object), withoutBookkeeping(previous));
}

function withoutBookkeeping({ metadata, ...object }: Unstructured): object {
  const { ownerReferences: _owners, finalizers: _finalizers, managedFields: _managers, ...rest } = metadata;
  return { ...object, metadata: rest };
}

class EscalationCheck {
  readonly #authorizer: Authorizer;
  readonly #resolver: RuleResolver;

  constructor(authorizer: Authorizer, resolver: RuleResolver) {
    this.#authorizer = authorizer;
    this.#resolver = resolver;
  }

  /** @throws StatusError Forbidden */
  async role(request: WriteAdmission): Promise<void> {
    const { resource, operation, namespace, user } = request;
    // A create has no name yet, as far as rights go.
    const name = operation === 'CREATE' ? '' : request.name;
    if (await this.#may(user, { verb: 'escalate', plural: resource.plural, namespace, name })) return;
    await this.#confirm(request, (request.object as ClusterRole).rules ?? []);
    if (!aggregates(request.object) && !aggregates(request.previous)) return;
    if ((await this.#lacking(user, namespace, EVERYTHING)).length > 0) {
      throw forbiddenRequest(request, 'must have cluster-admin privileges to use the aggregationRule');
    }
  }

  /** @throws StatusError Forbidden; NotFound when the role is not there */
  async binding(request: WriteAdmission): Promise<void> {
    const { namespace, user } = request;
    const { roleRef } = request.object as Binding;
    const plural = pluralOf(roleRef);
    if (await this.#may(user, { verb: 'bind', plural, namespace, name: roleRef.name })) return;
    const rules = await this.#resolver.rulesOfRole(roleRef, namespace);
    // Upstream names the kind of the request, and so do we: its texts are compared.
    if (rules === undefined) throw notFound(request.resource, roleRef.name);
    await this.#confirm(request, rules);
  }

  async #may(
    user: User,
    asked: { verb: string; plural: string; namespace: string; name: string },
  ): Promise<boolean> {
    const { verb, plural, namespace, name } = asked;
    const resource = { group: RBAC_GROUP, version: '*', plural, subresource: '', namespace, name };
    return (await this.#authorizer.authorize(user, { verb, path: '', resource })).verdict === 'allow';
  }

  /** @throws StatusError Forbidden, which names what is lacking */
  async #confirm(request: AdmissionRequest, rules: readonly PolicyRule[]): Promise<void> {
    const { user, namespace } = request;
    const lacking = await this.#lacking(user, namespace, rules);
    if (lacking.length === 0) return;
    const { missing } = await this.#resolver.rulesOf(user, namespace);
    const why = missing.length === 0 ? '' : `; resolution errors: [${aggregated(missing)}]`;
    const who = `user ${goQuote(user.name)} (groups=${quotedList(user.groups)})`;
    const what = describedRules(lacking);
    throw forbiddenRequest(
      request,
      `${who} is attempting to grant RBAC permissions not currently held:\n${what}${why}`,
    );
  }

  async #lacking(user: User, namespace: string, rules: readonly PolicyRule[]): Promise<PolicyRule[]> {
    if (rules.length === 0) return [];
    return uncoveredRules((await this.#resolver.rulesOf(user, namespace)).rules, rules);
  }
}

const aggregates = (role: ClusterRole | undefined): boolean =>
  (role?.aggregationRule?.clusterRoleSelectors ?? []).length > 0;

const pluralOf = ({ kind }: RoleRef): string => (kind === 'Role' ? 'roles' : 'clusterroles');
