import {
  fieldRequirementProblems,
  labelRequirementProblems,
} from '../../machinery/selectors/label-selector-object.ts';
import type { LabelExpression, SelectorProblem } from '../../machinery/selectors/label-selector-object.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue, requiredValue, selectorFinding } from '../../structural-schema/field-error.ts';

/** Lists the faults of a question about rights, in the words of kubernetes pkg/apis/authorization/validation. */

interface SelectorSpec {
  rawSelector?: string;
  requirements?: LabelExpression[];
}

interface ResourceSpec {
  namespace?: string;
  verb?: string;
  group?: string;
  version?: string;
  resource?: string;
  subresource?: string;
  name?: string;
  fieldSelector?: SelectorSpec;
  labelSelector?: SelectorSpec;
}

export interface Spec {
  resourceAttributes?: ResourceSpec;
  nonResourceAttributes?: { path?: string; verb?: string };
}

/** A question about somebody else says who that is. */
export interface SubjectSpec extends Spec {
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

export function subjectProblems(spec: SubjectSpec): StatusCause[] {
  const { user = '', groups = [] } = spec;
  const isSomebody = user !== '' || groups.length > 0;
  const detail = 'at least one of user or group must be specified';
  return [...specProblems(spec), ...(isSomebody ? [] : [invalidValue('spec.user', user, detail)])];
}

export function specProblems({ resourceAttributes, nonResourceAttributes }: Spec): StatusCause[] {
  const isOne = (resourceAttributes === undefined) !== (nonResourceAttributes === undefined);
  const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [
    ...(isOne ? [] : [invalidValue('spec', shownPath(nonResourceAttributes), detail)]),
    ...selectorProblems(resourceAttributes),
  ];
}

/** Those of a question within one namespace. */
export function localProblems(spec: SubjectSpec, namespace = ''): StatusCause[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  const asked = resourceAttributes?.namespace ?? '';
  const problems = subjectProblems(spec);
  if (resourceAttributes !== undefined && asked !== namespace) {
    problems.push(invalidValue('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace'));
  }
  if (nonResourceAttributes !== undefined) {
    const detail = 'disallowed on this kind of request';
    problems.push(invalidValue('spec.nonResourceAttributes', shownPath(nonResourceAttributes), detail));
  }
  return problems;
}

/** Upstream shows the fields as Go names them. */
const shownPath = (attributes: Spec['nonResourceAttributes']): unknown =>
  attributes === undefined ? null : { Path: attributes.path ?? '', Verb: attributes.verb ?? '' };

function selectorProblems({ fieldSelector, labelSelector }: ResourceSpec = {}): StatusCause[] {
  const at = 'spec.resourceAttributes';
  return [
    ...formProblems(`${at}.fieldSelector`, fieldSelector),
    ...requirementsProblems(`${at}.fieldSelector`, fieldSelector, fieldRequirementProblems),
    ...formProblems(`${at}.labelSelector`, labelSelector),
    ...requirementsProblems(`${at}.labelSelector`, labelSelector, labelRequirementProblems),
  ];
}

function requirementsProblems(
  at: string,
  selector: SelectorSpec | undefined,
  problemsOf: (requirement: LabelExpression) => SelectorProblem[],
): StatusCause[] {
  return (selector?.requirements ?? []).flatMap((requirement, index) =>
    problemsOf(requirement).map((problem) => selectorFinding(`${at}.requirements[${index}]`, problem)),
  );
}

/** One of the two forms; the parser of the raw one is asked by nobody. */
function formProblems(at: string, selector: SelectorSpec | undefined): StatusCause[] {
  if (selector === undefined) return [];
  const { rawSelector = '', requirements = [] } = selector;
  if (rawSelector !== '' && requirements.length > 0) {
    const detail = 'may not specified at the same time as requirements';
    return [invalidValue(`${at}.rawSelector`, rawSelector, detail)];
  }
  if (rawSelector !== '' || requirements.length > 0) return [];
  const detail = `when ${at} is specified, requirements or rawSelector is required`;
  return [requiredValue(`${at}.requirements`, detail)];
}

/** The namespace is that of the URL. */
export function metadataProblems({ metadata }: Unstructured, detail: string): StatusCause[] {
  const { managedFields: _ours, namespace: _ofUrl, ...rest } = metadata;
  const isEmpty = Object.values(rest).every((value) => value === undefined || value === '');
  return isEmpty ? [] : [invalidValue('metadata', rest, detail)];
}
