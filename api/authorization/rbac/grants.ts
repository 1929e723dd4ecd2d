import type { Attributes, Decision } from '../../machinery/authorizer.ts';
import type { Subject } from '../../types/rbac.ts';
import { allowedBy, placeKey, roleIsMissing, rolePlace } from './binding.ts';
import type { RoleBinding, RolePlace } from './binding.ts';
import { allowsPath, allowsResource } from './compiled-rule.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { entriesFor } from './rule-index.ts';
import type { RuleIndex } from './rule-index.ts';

/** One role that a subject has, and the binding that gives it. */
export interface Grant {
  binding: RoleBinding;
  role: RuleIndex;
  /** Made once: allowed requests are many. */
  readonly decision: Decision;
}

type FindRole = (place: RolePlace) => RuleIndex | undefined;

/** With so few roles, to look into each costs less than an index of all of them. */
const FEW = 4;

/** The rules of one role about one resource. */
interface Entry {
  grant: Grant;
  rules: readonly CompiledRule[];
}

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
  readonly #byResource: Map<string, Entry[]> | undefined;

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
    if (this.grants.length > FEW) this.#byResource = indexed(this.grants);
  }

  decide({ verb, path, resource }: Attributes): Decision | undefined {
    if (resource === undefined) return this.#decidePath(verb, path);
    const { group, name, plural, subresource } = resource;
    const asked = { verb, group, name };
    for (const entry of entriesFor(plural, subresource)) {
      for (const { grant, rules } of this.#entries(entry)) {
        if (rules.some((rule) => allowsResource(rule, asked))) return grant.decision;
      }
    }
    return undefined;
  }

  #entries(resource: string): readonly Entry[] {
    if (this.#byResource !== undefined) return this.#byResource.get(resource) ?? [];
    return this.grants.map((grant) => ({ grant, rules: grant.role.ofResource(resource) }));
  }

  #decidePath(verb: string, path: string): Decision | undefined {
    const found = this.grants.find(({ role }) => role.ofPaths().some((rule) => allowsPath(rule, verb, path)));
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

function indexed(grants: readonly Grant[]): Map<string, Entry[]> {
  const byResource = new Map<string, Entry[]>();
  for (const grant of grants) {
    for (const resource of grant.role.resources()) {
      const entry = { grant, rules: grant.role.ofResource(resource) };
      const found = byResource.get(resource);
      if (found === undefined) byResource.set(resource, [entry]);
      else found.push(entry);
    }
  }
  return byResource;
}
