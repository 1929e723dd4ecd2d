import type { ResourceAttributes } from '../../machinery/users/authorizer.ts';
import type { PolicyRule } from '../../types/rbac.ts';
import { compileRule } from './compiled-rule.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { findRule, ResourceRules } from './resource-rules.ts';

/** The rules of a role by the resources that they name, so that a request is compared with few of them. */
export class RuleIndex {
  readonly rules: readonly PolicyRule[];
  readonly #byResource = new Map<string, ResourceRules<CompiledRule>>();
  readonly #ofPaths: CompiledRule[] = [];

  constructor(rules: readonly PolicyRule[]) {
    this.rules = rules;
    for (const rule of rules) this.#add(compileRule(rule));
  }

  #add(rule: CompiledRule): void {
    for (const resource of rule.resources) {
      let rules = this.#byResource.get(resource);
      if (rules === undefined) this.#byResource.set(resource, (rules = new ResourceRules()));
      rules.add(rule, rule);
    }
    if (rule.urls.length > 0) this.#ofPaths.push(rule);
  }

  /** One that allows an action on a resource. */
  allowing(verb: string, resource: ResourceAttributes): CompiledRule | undefined {
    return findRule(verb, resource, (entry) => this.#byResource.get(entry));
  }

  /** The rules that have `resource` in their list, letter by letter. */
  ofResource(resource: string): readonly CompiledRule[] {
    return this.#byResource.get(resource)?.values() ?? [];
  }

  /** The rules about paths. */
  ofPaths(): readonly CompiledRule[] {
    return this.#ofPaths;
  }
}
