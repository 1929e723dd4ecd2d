import { labelValueProblems, qualifiedNameProblems } from '../object-name.ts';

/** A label selector as a field of an object (apimachinery meta/v1 LabelSelector). Without conditions it selects all. */
export interface LabelSelectorObject {
  matchLabels?: Record<string, string>;
  matchExpressions?: LabelExpression[];
}

export interface LabelExpression {
  key: string;
  /** In, NotIn, Exists or DoesNotExist. */
  operator: string;
  values?: string[];
}

/** A condition that no object could be judged by. */
export interface SelectorProblem {
  /** Below the selector, such as `matchExpressions[0].key`. */
  field: string;
  type: 'forbidden' | 'invalid' | 'required';
  value: string;
  detail: string;
}

type Labels = Readonly<Record<string, string>>;

/** Whether the labels of an object meet all conditions. An operator that is not known selects nothing. */
export function selectsLabels(selector: LabelSelectorObject, labels: Labels = {}): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => valueOf(labels, key) === value) &&
    matchExpressions.every((expression) => meets(expression, labels))
  );
}

const valueOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;

function meets({ key, operator, values = [] }: LabelExpression, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return false;
  }
}

/** Everything wrong with it (apimachinery meta/v1/validation ValidateLabelSelector). */
export function labelSelectorProblems(selector: LabelSelectorObject): SelectorProblem[] {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return [
    ...Object.keys(matchLabels).flatMap((key) => keyProblems('matchLabels', key)),
    ...Object.values(matchLabels).flatMap((value) => valueProblems('matchLabels', value)),
    ...matchExpressions.flatMap((expression, index) =>
      expressionProblems(`matchExpressions[${index}]`, expression),
    ),
  ];
}

/** A requirement of a question about rights: an operator that is not known yet only makes the question broader. */
export const labelRequirementProblems = (requirement: LabelExpression): SelectorProblem[] =>
  expressionProblems('', requirement).filter(({ field }) => field !== 'operator');

/** The same for a field (ValidateFieldSelectorRequirement). */
export function fieldRequirementProblems({ key, operator, values = [] }: LabelExpression): SelectorProblem[] {
  const missing: SelectorProblem[] =
    key === '' ? [{ field: 'key', type: 'required', value: '', detail: 'must be specified' }] : [];
  return [...missing, ...operatorProblems('', operator, values).filter(({ field }) => field !== 'operator')];
}

/** Of a field below `at`; '' is the expression itself. */
const below = (at: string, field: string): string => (at === '' ? field : `${at}.${field}`);

function expressionProblems(at: string, { key, operator, values = [] }: LabelExpression): SelectorProblem[] {
  return [
    ...operatorProblems(at, operator, values),
    ...keyProblems(below(at, 'key'), key),
    ...values.flatMap((value, index) => valueProblems(below(at, `values[${index}]`), value)),
  ];
}

function operatorProblems(at: string, operator: string, values: readonly string[]): SelectorProblem[] {
  const field = below(at, 'values');
  const ofValues = { field, value: '' };
  switch (operator) {
    case 'In':
    case 'NotIn': {
      const detail = "must be specified when `operator` is 'In' or 'NotIn'";
      return values.length === 0 ? [{ ...ofValues, type: 'required', detail }] : [];
    }
    case 'Exists':
    case 'DoesNotExist': {
      const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length > 0 ? [{ ...ofValues, type: 'forbidden', detail }] : [];
    }
    default: {
      const detail = 'not a valid selector operator';
      return [{ field: below(at, 'operator'), type: 'invalid', value: operator, detail }];
    }
  }
}

const keyProblems = (field: string, key: string): SelectorProblem[] =>
  qualifiedNameProblems(key).map((detail) => ({ field, type: 'invalid', value: key, detail }));

const valueProblems = (field: string, value: string): SelectorProblem[] =>
  labelValueProblems(value).map((detail) => ({ field, type: 'invalid', value, detail }));
