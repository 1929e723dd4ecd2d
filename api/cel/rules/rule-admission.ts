import { MAX_REQUEST_BYTES } from '../../machinery/max-request-bytes.ts';
import { abridged } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import {
  forbidden,
  invalidValue,
  requiredValue,
  unsupportedValue,
} from '../../structural-schema/field-error.ts';
import type { StructuralSchema, ValidationRule } from '../../structural-schema/structural-schema.ts';
import { namedFrom } from '../language/cel-type.ts';
import { compileRule } from './compile-rule.ts';
import type { CompiledExpression } from '../compiling/compile-source.ts';
import type { CompiledRule } from './compile-rule.ts';
import { declaredType } from '../checking/declared-type.ts';
import type { DeclaredType } from '../checking/declared-type.ts';
import { estimateCost } from '../costs/estimate-cost.ts';
import { escapeName } from '../values/field-name.ts';
import { rulePath } from './rule-path.ts';

/** A node of the schema while its rules are admitted. */
export interface SchemaPlace {
  readonly path: string;
  readonly declared: DeclaredType | undefined;
  /** How often the node can be in one object; undefined when only the size of a request bounds it. */
  readonly cardinality: number | undefined;
  /** The path of the list or map above in which old values cannot be found again. */
  readonly uncorrelatable: string | undefined;
}

export interface RuleFindings {
  readonly schemaCauses: StatusCause[];
  readonly ruleCauses: StatusCause[];
}

const RULE_COST_LIMIT = 10_000_000;
const TOTAL_COST_LIMIT = 100_000_000;
const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** The admission of the rules of one schema (apiextensions-apiserver apis/apiextensions/validation). */
export class RuleAdmission {
  #total = 0;
  #expensive: { path: string; cost: number }[] = [];

  /** Children first: rules are compiled only where nothing below is wrong already. */
  check(schema: StructuralSchema, place: SchemaPlace): RuleFindings {
    const findings: RuleFindings = { schemaCauses: [], ruleCauses: [] };
    for (const [child, at] of childrenOf(schema, place)) {
      const below = this.check(child, at);
      findings.schemaCauses.push(...below.schemaCauses);
      findings.ruleCauses.push(...below.ruleCauses);
    }
    const rules = schema['x-kubernetes-validations'] ?? [];
    for (const [index, rule] of rules.entries())
      findings.schemaCauses.push(...formProblems(rule, schema, ruleAt(place, index)));
    if (findings.schemaCauses.length > 0 || rules.length === 0) return findings;
    findings.ruleCauses.push(...this.#checkNode(rules, place));
    return findings;
  }

  /** What all rules cost together, and who is most to blame. */
  totalCauses(path: string): StatusCause[] {
    if (this.#total <= TOTAL_COST_LIMIT) return [];
    const blame = 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    const name = 'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema';
    return [
      ...this.#expensive.map((one) => forbidden(one.path, blame)),
      forbidden(path, costProblem(name, this.#total / TOTAL_COST_LIMIT)),
    ];
  }

  #checkNode(rules: readonly ValidationRule[], place: SchemaPlace): StatusCause[] {
    const { declared, path } = place;
    if (declared === undefined)
      return [
        {
          reason: 'InternalError',
          field: `${path}.x-kubernetes-validations`,
          message:
            'Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: unable to convert structural schema to CEL declarations',
        },
      ];
    const self = namedFrom(declared.type, 'selfType');
    return rules.flatMap((rule, index) => {
      const compiled = compileRule(rule, self);
      return compiled === undefined
        ? []
        : this.#checkRule(compiled, declared, { ...place, path: ruleAt(place, index) });
    });
  }

  #checkRule(compiled: CompiledRule, declared: DeclaredType, place: SchemaPlace): StatusCause[] {
    const { rule, condition, message } = compiled;
    const times = place.cardinality ?? Math.floor(MAX_REQUEST_BYTES / (declared.minSize + 1));
    const { path } = place;
    const causes = this.#costCauses(condition, {
      path: `${path}.rule`,
      declared,
      times,
      name: 'estimated rule cost',
    });
    if (compiled.error !== undefined) causes.push(invalidRule(`${path}.rule`, rule, compiled.error));
    if (compiled.messageError !== undefined)
      causes.push(invalidRule(`${path}.messageExpression`, rule, compiled.messageError));
    const told = {
      path: `${path}.messageExpression`,
      declared,
      times: 1,
      name: 'estimated messageExpression cost',
    };
    causes.push(...this.#costCauses(message, told));
    return [...causes, ...transitionProblems(compiled, place)];
  }

  #costCauses(
    expression: CompiledExpression | undefined,
    { path, declared, times, name }: { path: string; declared: DeclaredType; times: number; name: string },
  ): StatusCause[] {
    if (expression === undefined) return [];
    const cost = estimateCost(expression.checked, declared) * times;
    this.#observe(path, cost);
    return cost > RULE_COST_LIMIT ? [forbidden(path, costProblem(name, cost / RULE_COST_LIMIT))] : [];
  }

  #observe(path: string, cost: number): void {
    this.#total += cost;
    if (cost < TOTAL_COST_LIMIT / 100) return;
    this.#expensive = [...this.#expensive, { path, cost }].sort((a, b) => b.cost - a.cost).slice(0, 4);
  }
}

const ruleAt = ({ path }: SchemaPlace, index: number): string => `${path}.x-kubernetes-validations[${index}]`;

const isEmbedded = (schema: StructuralSchema): boolean => schema['x-kubernetes-embedded-resource'] === true;

function* childrenOf(
  schema: StructuralSchema,
  place: SchemaPlace,
): Generator<[StructuralSchema, SchemaPlace]> {
  const { path, declared, uncorrelatable } = place;
  const cardinality = childCardinality(schema, place.cardinality);
  const { additionalProperties, properties = {}, items } = schema;
  const below = (child: StructuralSchema, name: string, known: DeclaredType | undefined): SchemaPlace => ({
    path: `${path}.${name}`,
    declared: known ?? declaredType(child, isEmbedded(child)),
    cardinality,
    uncorrelatable,
  });
  if (typeof additionalProperties === 'object')
    yield [additionalProperties, below(additionalProperties, 'additionalProperties', declared?.item)];
  for (const [property, child] of Object.entries(properties)) {
    const name = escapeName(property);
    const known = name === undefined ? undefined : declared?.fields?.get(name);
    yield [child, below(child, `properties[${property}]`, known)];
  }
  if (items === undefined) return;
  const isMap = schema['x-kubernetes-list-type'] === 'map';
  const at = below(items, 'items', declared?.item);
  yield [items, isMap ? at : { ...at, uncorrelatable: uncorrelatable ?? path }];
}

function childCardinality(schema: StructuralSchema, own: number | undefined): number | undefined {
  const { type, additionalProperties, maxProperties, maxItems } = schema;
  const isMap = type === 'object' && additionalProperties !== undefined;
  if (own === undefined || (!isMap && type !== 'array')) return own;
  const max = isMap ? maxProperties : maxItems;
  return max === undefined ? undefined : own * Math.max(0, max);
}

function transitionProblems(
  { rule, condition }: CompiledRule,
  { path, uncorrelatable }: SchemaPlace,
): StatusCause[] {
  if (condition?.checked.usesOldSelf === true) {
    if (uncorrelatable === undefined) return [];
    const where = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
    return [invalidValue(`${path}.rule`, rule.rule, where)];
  }
  if (rule.optionalOldSelf === undefined) return [];
  return [
    invalidValue(
      `${path}.optionalOldSelf`,
      rule.optionalOldSelf,
      'may not be set if oldSelf is not used in rule',
    ),
  ];
}

const LINE_BREAK = /[\n\r]/;
const NO_BREAKS = 'must not contain line breaks';
const NOT_EMPTY = 'must be non-empty if specified';

/** What is wrong with a rule before anyone reads it as CEL. */
function formProblems(rule: ValidationRule, schema: StructuralSchema, path: string): StatusCause[] {
  const { messageExpression = '', reason, fieldPath = '' } = rule;
  const causes = textProblems(rule, path);
  if (messageExpression !== '' && messageExpression.trim() === '')
    causes.push(requiredValue(`${path}.messageExpression`, `messageExpression ${NOT_EMPTY}`));
  if (reason !== undefined && !REASONS.includes(reason))
    causes.push(unsupportedValue(`${path}.reason`, reason, REASONS));
  if (fieldPath === '') return causes;
  const at = `${path}.fieldPath`;
  if (fieldPath.trim() === '') causes.push(invalidValue(at, fieldPath, NOT_EMPTY));
  if (LINE_BREAK.test(fieldPath)) causes.push(invalidValue(at, fieldPath, NO_BREAKS));
  if (rulePath(fieldPath, schema) === undefined)
    causes.push(invalidValue(at, fieldPath, 'must be a valid path'));
  return causes;
}

function textProblems({ rule, message = '' }: ValidationRule, path: string): StatusCause[] {
  if (rule.trim() === '') return [requiredValue(`${path}.rule`, 'rule is not specified')];
  const told = message.trim();
  if (message !== '' && told === '') return [invalidValue(`${path}.message`, message, NOT_EMPTY)];
  if (LINE_BREAK.test(told)) return [invalidValue(`${path}.message`, message, NO_BREAKS)];
  if (LINE_BREAK.test(rule.trim()) && told === '')
    return [requiredValue(`${path}.message`, 'message must be specified if rule contains line breaks')];
  return [];
}

/** Upstream shows its own form of the rule, as JSON of Go. */
function invalidRule(field: string, rule: ValidationRule, detail: string): StatusCause {
  const shown = JSON.stringify({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  });
  const escaped = shown.replaceAll(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${abridged(escaped)}: ${detail}` };
}

const ADVICE =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';

function costProblem(name: string, factor: number): string {
  const text = factor > 100 ? 'more than 100x' : `${factor.toFixed(factor < 1.5 ? 6 : 1)}x`;
  return `${name} exceeds budget by factor of ${text} ${ADVICE}`;
}
