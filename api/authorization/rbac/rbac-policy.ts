import type { Attributes, Decision } from '../../machinery/users/authorizer.ts';
import type { User } from '../../machinery/users/user.ts';
import type { PolicyRule, RoleRef } from '../../types/rbac.ts';
import type { RulesOfUser } from '../rule-resolver.ts';
import { placeKey, rolePlace, subjectName } from './binding.ts';
import type { RoleBinding, RolePlace } from './binding.ts';
import { Grants } from './grants.ts';
import { RuleIndex } from './rule-index.ts';

/**
 * All roles and bindings, by whom they are for: a request is compared with what its user and groups have, and nothing is
 * worked out for it that could be known before. Changes are taken in one by one. Rules only allow: what none allows is
 * not allowed (kubernetes plugin/pkg/auth/authorizer/rbac).
 */
export class RbacPolicy {
  readonly #roles = new Map<string, RuleIndex>();
  readonly #bindings = new Map<string, KnownBinding>();
  /** The bindings that give a role, by its place. */
  readonly #givenBy = new Map<string, Set<KnownBinding>>();
  /** By namespace; '' has the ClusterRoleBindings. */
  readonly #scopes = new Map<string, Scope>();
  readonly #findRole = (place: RolePlace): RuleIndex | undefined => this.#roles.get(placeKey(place));

  setRole(place: RolePlace, rules: readonly PolicyRule[]): void {
    const key = placeKey(place);
    this.#roles.set(key, new RuleIndex(rules));
    this.#invalidate(key);
  }

  removeRole(place: RolePlace): void {
    const key = placeKey(place);
    if (this.#roles.delete(key)) this.#invalidate(key);
  }

  setBinding(binding: RoleBinding): void {
    this.removeBinding(binding);
    const roleKey = placeKey(rolePlace(binding.roleRef, binding.namespace));
    const known = { binding, roleKey, grants: this.#give(binding) };
    this.#bindings.set(placeKey(binding), known);
    const givenBy = this.#givenBy.get(roleKey) ?? new Set();
    this.#givenBy.set(roleKey, givenBy.add(known));
  }

  removeBinding({ namespace, name }: Pick<RoleBinding, 'name' | 'namespace'>): void {
    const known = this.#bindings.get(placeKey({ namespace, name }));
    if (known === undefined) return;
    this.#bindings.delete(placeKey(known.binding));
    const givenBy = this.#givenBy.get(known.roleKey);
    givenBy?.delete(known);
    if (givenBy?.size === 0) this.#givenBy.delete(known.roleKey);
    for (const { grants } of known.grants) grants.remove(known.binding);
    this.#forget(known);
  }

  /** `no opinion`, with the roles that are missing, when no rule allows it. */
  decide(user: User, attributes: Attributes): Decision {
    const all = this.#grantsOf(user, attributes.resource?.namespace ?? '');
    for (const grants of all) {
      const decision = grants.decide(attributes);
      if (decision !== undefined) return decision;
    }
    const missing = missingOf(all);
    return { verdict: 'no opinion', reason: missing.length === 0 ? '' : `RBAC: ${aggregated(missing)}` };
  }

  /** Those for the whole cluster, then those in the namespace. */
  rulesOf(user: User, namespace: string): RulesOfUser {
    const all = this.#grantsOf(user, namespace);
    const roles = new Set(all.flatMap((grants) => grants.grants().map(({ role }) => role)));
    return { rules: [...roles].flatMap(({ rules }) => rules), missing: missingOf(all) };
  }

  /** The rules that a binding in `namespace` would give ('' for a ClusterRoleBinding); undefined without the role. */
  rulesOfRole(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#findRole(rolePlace(ref, namespace))?.rules;
  }

  #grantsOf({ name, groups }: User, namespace: string): Grants[] {
    const found: Grants[] = [];
    for (const scope of [this.#scopes.get(''), namespace === '' ? undefined : this.#scopes.get(namespace)]) {
      if (scope === undefined) continue;
      const ofUser = scope.user.get(name);
      if (ofUser !== undefined) found.push(ofUser);
      for (const group of groups) {
        const ofGroup = scope.group.get(group);
        if (ofGroup !== undefined) found.push(ofGroup);
      }
    }
    return found;
  }

  #give(binding: RoleBinding): Given[] {
    const given: Given[] = [];
    for (const subject of binding.subjects) {
      const named = subjectName(subject, binding.namespace);
      if (named === undefined) continue;
      const grants = this.#grantsFor(binding.namespace, named.is, named.name);
      grants.add(binding, subject);
      given.push({ ...named, grants });
    }
    return given;
  }

  #grantsFor(namespace: string, is: 'group' | 'user', name: string): Grants {
    const scope = this.#scopes.get(namespace) ?? { user: new Map(), group: new Map() };
    this.#scopes.set(namespace, scope);
    const grants = scope[is].get(name) ?? new Grants(this.#findRole);
    scope[is].set(name, grants);
    return grants;
  }

  #forget({ binding: { namespace }, grants: given }: KnownBinding): void {
    const scope = this.#scopes.get(namespace);
    if (scope === undefined) return;
    for (const { is, name, grants } of given) if (grants.isEmpty) scope[is].delete(name);
    if (scope.user.size === 0 && scope.group.size === 0) this.#scopes.delete(namespace);
  }

  #invalidate(roleKey: string): void {
    for (const { grants: given } of this.#givenBy.get(roleKey) ?? []) {
      for (const { grants } of given) grants.invalidate();
    }
  }
}

interface Given {
  is: 'group' | 'user';
  name: string;
  grants: Grants;
}

interface KnownBinding {
  binding: RoleBinding;
  roleKey: string;
  grants: readonly Given[];
}

interface Scope {
  user: Map<string, Grants>;
  group: Map<string, Grants>;
}

const missingOf = (all: readonly Grants[]): string[] => [
  ...new Set(all.flatMap((grants) => grants.missing())),
];

/** Errors as apimachinery pkg/util/errors NewAggregate joins them. */
export const aggregated = (texts: readonly string[]): string =>
  texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
