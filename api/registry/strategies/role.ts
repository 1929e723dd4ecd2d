import { labelSelectorProblems } from '../../machinery/selectors/label-selector-object.ts';
import type { LabelSelectorObject } from '../../machinery/selectors/label-selector-object.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue, selectorFinding } from '../../structural-schema/field-error.ts';
import type { ClusterRole, PolicyRule, Role } from '../../types/rbac.ts';
import type { Strategy } from './strategy.ts';

/** Role (kubernetes pkg/apis/rbac/validation ValidateRole). */
export const roleStrategy: Strategy = {
  applyDefaults: withoutNoRules,
  validate: (role) => rulesProblems(role, true),
  canonicalize: withRules,
};

/** ClusterRole (kubernetes pkg/apis/rbac/validation ValidateClusterRole). */
export const clusterRoleStrategy: Strategy = {
  applyDefaults: withoutNoRules,
  validate: (role, previous) => [...rulesProblems(role, false), ...aggregationProblems(role, previous)],
  canonicalize: withRules,
};

/** Nobody owns rules that are not there, however that is written. */
function withoutNoRules(role: Unstructured): Unstructured {
  const { rules, ...rest } = role;
  return isAbsent(rules) ? rest : role;
}

/** Go's Role always has the field. */
function withRules(role: Unstructured): Unstructured {
  return isAbsent(role['rules']) ? { ...role, rules: null } : role;
}

const isAbsent = (list: unknown): boolean =>
  list === undefined || list === null || (Array.isArray(list) && list.length === 0);

function rulesProblems({ rules }: Role, isNamespaced: boolean): StatusCause[] {
  return (rules ?? []).flatMap((rule, index) => ruleProblems(rule, `rules[${index}]`, isNamespaced));
}

/** ValidatePolicyRule; that `verbs` is there is said by the schema. */
function ruleProblems(rule: PolicyRule, at: string, isNamespaced: boolean): StatusCause[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs: urls = [] } = rule;
  const causes = Array.isArray(verbs) && verbs.length === 0 ? [requiredValue(`${at}.verbs`)] : [];
  if (urls.length > 0) {
    const field = `${at}.nonResourceURLs`;
    const isMixed = [apiGroups, resources, resourceNames].some((list) => list.length > 0);
    return [
      ...causes,
      ...(isNamespaced
        ? [invalidValue(field, urls, 'namespaced rules cannot apply to non-resource URLs')]
        : []),
      ...(isMixed
        ? [invalidValue(field, urls, 'rules cannot apply to both regular resources and non-resource URLs')]
        : []),
    ];
  }
  const groupText = 'resource rules must supply at least one api group';
  const resourceText = 'resource rules must supply at least one resource';
  return [
    ...causes,
    ...(apiGroups.length === 0 ? [requiredValue(`${at}.apiGroups`, groupText)] : []),
    ...(resources.length === 0 ? [requiredValue(`${at}.resources`, resourceText)] : []),
  ];
}

const AGGREGATION = 'aggregationRule.clusterRoleSelectors';

function aggregationProblems(
  { aggregationRule }: ClusterRole,
  previous: ClusterRole | undefined,
): StatusCause[] {
  if (aggregationRule === undefined) return [];
  const { clusterRoleSelectors: selectors = [] } = aggregationRule;
  if (selectors.length === 0) {
    const detail = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
    return [requiredValue(AGGREGATION, detail)];
  }
  // What was stored with bad values can still be changed (hasInvalidLabelValueInLabelSelector).
  const wasBad = (previous?.aggregationRule?.clusterRoleSelectors ?? []).some(
    (selector) => labelSelectorProblems(selector).length > 0,
  );
  return selectors.flatMap((selector, index) =>
    selectorProblems(selector, `${AGGREGATION}[${index}]`, { allowsBadValues: wasBad }),
  );
}

function selectorProblems(
  selector: LabelSelectorObject,
  at: string,
  { allowsBadValues }: { allowsBadValues: boolean },
): StatusCause[] {
  const all = labelSelectorProblems(selector);
  const counted = all.filter(({ field }) => !allowsBadValues || !/\.values\[\d+\]$/.test(field));
  // Upstream then tries to use it, and says once more that it cannot.
  const unusable = all.length === 0 ? [] : [invalidValue(at, null, 'invalid label selector.')];
  return [...counted.map((problem) => selectorFinding(at, problem)), ...unusable];
}
