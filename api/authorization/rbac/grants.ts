import type { Attributes, Decision } from '../../machinery/users/authorizer.ts';
import type { Subject } from '../../types/rbac.ts';
import { allowedBy, placeKey, roleIsMissing, rolePlace } from './binding.ts';
import type { RoleBinding, RolePlace } from './binding.ts';
import { allowsPath } from './compiled-rule.ts';
import type { RuleIndex } from './rule-index.ts';
import { findRule, ResourceRules } from './resource-rules.ts';

/** One role that a subject has, and the binding that gives it. */
export interface Grant {
  binding: RoleBinding;
  role: RuleIndex;
  /** Made once: allowed requests are many. */
  readonly decision: Decision;
}

type FindRole = (place: RolePlace) => RuleIndex | undefined;

/** So few roles are looked into one by one: their tables are shared with all others who have them. */
const FEW = 4;
/** Whoever asks for resources that nobody knows must not fill the memory. */
const MOST_RESOURCES = 1000;

/** All that one user, or one group, is given by the bindings of one namespace, or by those for the whole cluster. */
export class Grants {
  readonly #findRole: FindRole;
  readonly #bindings = new Map<RoleBinding, Subject>();
  #resolved: Resolved | undefined;

  constructor(findRole: FindRole) {
    this.#findRole = findRole;
  }

  get isEmpty(): boolean {
    return this.#bindings.size === 0;
  }

  /** Of several subjects of one binding that are the same, the first counts. */
  add(binding: RoleBinding, subject: Subject): void {
    if (!this.#bindings.has(binding)) this.#bindings.set(binding, subject);
    this.#resolved = undefined;
  }

  remove(binding: RoleBinding): void {
    this.#bindings.delete(binding);
    this.#resolved = undefined;
  }

  /** A role that one of its bindings gives has changed. */
  invalidate(): void {
    this.#resolved = undefined;
  }

  /** Undefined when no rule allows it. */
  decide(attributes: Attributes): Decision | undefined {
    return this.#resolve().decide(attributes);
  }

  /** Each role once. */
  grants(): readonly Grant[] {
    return this.#resolve().grants;
  }

  /** Roles that are given and are not there, as texts. */
  missing(): readonly string[] {
    return this.#resolve().missing;
  }

  #resolve(): Resolved {
    return (this.#resolved ??= new Resolved(this.#bindings, this.#findRole));
  }
}

/** The same with its roles found; made at the first use after a change. */
class Resolved {
  readonly grants: Grant[] = [];
  readonly missing: string[] = [];
  /** Of all roles, where those are many; each made at the first request for the resource. */
  readonly #byResource = new Map<string, ResourceRules<Grant>>();
  readonly #withPaths: readonly Grant[];

  constructor(bindings: ReadonlyMap<RoleBinding, Subject>, findRole: FindRole) {
    const seen = new Set<string>();
    for (const [binding, subject] of bindings) {
      const place = rolePlace(binding.roleRef, binding.namespace);
      const key = placeKey(place);
      if (seen.has(key)) continue;
      seen.add(key);
      const role = findRole(place);
      if (role === undefined) this.missing.push(roleIsMissing(binding.roleRef));
      else this.grants.push(grantOf(binding, subject, role));
    }
    this.#withPaths = this.grants.filter(({ role }) => role.ofPaths().length > 0);
  }

  decide({ verb, path, resource }: Attributes): Decision | undefined {
    if (resource === undefined) return this.#decidePath(verb, path);
    const grant =
      this.grants.length > FEW
        ? findRule(verb, resource, (entry) => this.#rulesOf(entry))
        : this.grants.find(({ role }) => role.allowing(verb, resource) !== undefined);
    return grant?.decision;
  }

  #rulesOf(entry: string): ResourceRules<Grant> {
    const found = this.#byResource.get(entry);
    if (found !== undefined) return found;
    const rules = new ResourceRules<Grant>();
    for (const grant of this.grants) {
      for (const rule of grant.role.ofResource(entry)) rules.add(rule, grant);
    }
    if (this.#byResource.size >= MOST_RESOURCES) this.#byResource.clear();
    this.#byResource.set(entry, rules);
    return rules;
  }

  #decidePath(verb: string, path: string): Decision | undefined {
    const found = this.#withPaths.find(({ role }) =>
      role.ofPaths().some((rule) => allowsPath(rule, verb, path)),
    );
    return found?.decision;
  }
}

function grantOf(binding: RoleBinding, subject: Subject, role: RuleIndex): Grant {
  let decision: Decision | undefined;
  return {
    binding,
    role,
    get decision() {
      return (decision ??= { verdict: 'allow', reason: allowedBy(binding, subject) });
    },
  };
}
