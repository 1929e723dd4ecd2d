import type { PolicyRule } from '../../types/rbac.ts';
import { compileRule } from './compiled-rule.ts';
import type { CompiledRule } from './compiled-rule.ts';

const NONE: readonly CompiledRule[] = [];

/** Rules by the resources that they name, so that a request is compared with few of them. */
export class RuleIndex {
  readonly rules: readonly PolicyRule[];
  readonly #byResource = new Map<string, CompiledRule[]>();
  readonly #ofPaths: CompiledRule[] = [];

  constructor(rules: readonly PolicyRule[]) {
    this.rules = rules;
    for (const rule of rules) this.#add(compileRule(rule));
  }

  #add(rule: CompiledRule): void {
    for (const resource of rule.resources) {
      const found = this.#byResource.get(resource);
      if (found === undefined) this.#byResource.set(resource, [rule]);
      else found.push(rule);
    }
    if (rule.urls.length > 0) this.#ofPaths.push(rule);
  }

  /** As they stand in rules, such as `tasks`, `tasks/status`, `*` or, for any kind, `*` with `/status`. */
  resources(): Iterable<string> {
    return this.#byResource.keys();
  }

  /** The rules that have `resource` in their list, letter by letter. */
  ofResource(resource: string): readonly CompiledRule[] {
    return this.#byResource.get(resource) ?? NONE;
  }

  /** The rules about paths. */
  ofPaths(): readonly CompiledRule[] {
    return this.#ofPaths;
  }
}

/**
 * The entries of a rule's `resources` that stand for a resource: itself, all of them, and `*` with its part where it has
 * one (ResourceMatches).
 */
export function entriesFor(plural: string, subresource: string): readonly string[] {
  if (subresource === '') return [plural, '*'];
  return [`${plural}/${subresource}`, '*', `*/${subresource}`];
}
