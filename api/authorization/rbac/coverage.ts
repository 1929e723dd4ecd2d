import { StatusError } from '../../machinery/status-error.ts';
import type { PolicyRule } from '../../types/rbac.ts';
import { coversResource, coversUrl } from './compiled-rule.ts';
import type { CompiledRule } from './compiled-rule.ts';
import { RuleIndex } from './rule-index.ts';
import { entriesFor } from './resource-rules.ts';

/**
 * The parts of a rule are compared one by one. A rule of a megabyte could have a thousand million; nobody writes more
 * than some hundred.
 */
const MAX_PARTS = 100_000;

/**
 * Lists what `wanted` allows and `held` does not, in parts of one verb, one group, one resource and at most one name: a
 * part has to be covered by a single rule (k8s.io/component-helpers auth/rbac/validation Covers).
 * @throws StatusError Forbidden when there are too many parts to compare
 */
export function uncoveredRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  if (wanted.length === 0) return [];
  const index = new RuleIndex(held);
  const open = wanted.filter((rule) => !isCoveredWhole(index, rule));
  const parts = open.reduce((count, rule) => count + partsOf(rule), 0);
  if (parts > MAX_PARTS) {
    throw new StatusError(
      'Forbidden',
      `the rules are too many to be compared with those of the user: ${parts} combinations, at most ${MAX_PARTS}`,
    );
  }
  return open.flatMap((rule) => uncoveredParts(index, rule));
}

function partsOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): number {
  const groups = apiGroups?.length ?? 0;
  const names = Math.max(1, resourceNames?.length ?? 0);
  return verbs.length * (groups * (resources?.length ?? 0) * names + (nonResourceURLs?.length ?? 0));
}

/** One held rule that covers all parts: the usual case, found without taking the rule apart. */
function isCoveredWhole(index: RuleIndex, wanted: PolicyRule): boolean {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = wanted;
  if (nonResourceURLs.length > 0) return false;
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  return resources.every((resource) =>
    holding(index, resource).some(
      (rule) =>
        apiGroups.every((group) => rule.groups === undefined || rule.groups.has(group)) &&
        verbs.every((verb) => rule.verbs === undefined || rule.verbs.has(verb)) &&
        names.every((name) => rule.names === undefined || (name !== undefined && rule.names.has(name))),
    ),
  );
}

const uncoveredParts = (index: RuleIndex, rule: PolicyRule): PolicyRule[] => [
  ...uncoveredResources(index, rule),
  ...uncoveredUrls(index, rule),
];

/** The held rules that have a resource, as it stands in a rule. */
function holding(index: RuleIndex, resource: string): CompiledRule[] {
  const slash = resource.indexOf('/');
  const [plural, part] = slash < 0 ? [resource, ''] : [resource.slice(0, slash), resource.slice(slash + 1)];
  const entries = slash >= 0 && part === '' ? [resource, '*', '*/'] : entriesFor(plural, part);
  return [...new Set(entries)].flatMap((entry) => index.ofResource(entry));
}

function* uncoveredResources(index: RuleIndex, wanted: PolicyRule): Generator<PolicyRule> {
  const { verbs, apiGroups = [], resources = [], resourceNames = [] } = wanted;
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  for (const group of apiGroups) {
    for (const resource of resources) {
      const rules = holding(index, resource);
      for (const verb of verbs) {
        for (const name of names) {
          if (rules.some((rule) => coversResource(rule, { verb, group, name }))) continue;
          const ofName = name === undefined ? {} : { resourceNames: [name] };
          yield { verbs: [verb], apiGroups: [group], resources: [resource], ...ofName };
        }
      }
    }
  }
}

function* uncoveredUrls(
  index: RuleIndex,
  { verbs, nonResourceURLs = [] }: PolicyRule,
): Generator<PolicyRule> {
  for (const url of nonResourceURLs) {
    for (const verb of verbs) {
      if (index.ofPaths().some((rule) => coversUrl(rule, verb, url))) continue;
      yield { verbs: [verb], nonResourceURLs: [url] };
    }
  }
}
