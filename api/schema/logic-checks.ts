import { formatPath } from './field-path.ts';
import { createFindings } from './findings.ts';
import type { Findings } from './findings.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import type { NodeCheck } from './node-check.ts';

type Compile = (schema: StructuralSchema) => NodeCheck;
/** Adds to the findings; how much of the schema the value matched, as kube-openapi counts it. */
type LogicCheck = (value: unknown, findings: Findings) => number;

/**
 * allOf, anyOf, oneOf and not, in kube-openapi's words (pkg/validation/validate/schema_props.go). It reports the
 * rule itself without a field ("<nil>") and, after it, why the alternative that matches most does not hold.
 */
export function logicCheck(schema: StructuralSchema, compile: Compile): LogicCheck | undefined {
  const checks = [
    anyOf(schema.anyOf?.map(compile)),
    oneOf(schema.oneOf?.map(compile)),
    allOf(schema.allOf?.map(compile)),
    not(schema.not === undefined ? undefined : compile(schema.not)),
  ].filter((check) => check !== undefined);
  if (checks.length === 0) return undefined;
  return (value, findings) => {
    let matches = 0;
    for (const check of checks) matches += check(value, findings);
    return matches;
  };
}

interface Attempt {
  findings: Findings;
  matches: number;
}

function attempt(check: NodeCheck, value: unknown, at: Findings['at']): Attempt {
  const findings = createFindings(at);
  const matches = check(value, findings, undefined);
  return { findings, matches };
}

const isValid = ({ findings }: Attempt): boolean => findings.causes.length === 0;

function anyOf(alternatives: NodeCheck[] | undefined): LogicCheck | undefined {
  if (alternatives === undefined || alternatives.length === 0) return undefined;
  return (value, findings) => {
    let best: Attempt | undefined;
    for (const check of alternatives) {
      const tried = attempt(check, value, findings.at);
      if (isValid(tried)) return tried.matches;
      best = better(best, tried);
    }
    addRule(findings, 'must validate at least one schema (anyOf)');
    return merge(findings, best);
  };
}

function oneOf(alternatives: NodeCheck[] | undefined): LogicCheck | undefined {
  if (alternatives === undefined || alternatives.length === 0) return undefined;
  return (value, findings) => {
    const attempts = alternatives.map((check) => attempt(check, value, findings.at));
    const [first, ...others] = attempts.filter(isValid);
    if (first !== undefined && others.length === 0) return first.matches;
    const found = first === undefined ? 'Found none valid' : `Found ${others.length + 1} valid alternatives`;
    addRule(findings, `must validate one and only one schema (oneOf). ${found}`);
    return first === undefined ? merge(findings, attempts.reduce<Attempt | undefined>(better, undefined)) : 0;
  };
}

function allOf(parts: NodeCheck[] | undefined): LogicCheck | undefined {
  if (parts === undefined || parts.length === 0) return undefined;
  return (value, findings) => {
    const attempts = parts.map((check) => attempt(check, value, findings.at));
    let matches = 0;
    for (const tried of attempts) matches += merge(findings, tried);
    const valid = attempts.filter(isValid).length;
    if (valid !== parts.length)
      addRule(findings, `must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
    return matches;
  };
}

function not(check: NodeCheck | undefined): LogicCheck | undefined {
  if (check === undefined) return undefined;
  return (value, findings) => {
    if (isValid(attempt(check, value, findings.at))) addRule(findings, 'must not validate the schema (not)');
    return 0;
  };
}

const better = (best: Attempt | undefined, next: Attempt): Attempt =>
  best === undefined || next.matches > best.matches ? next : best;

function merge(findings: Findings, tried: Attempt | undefined): number {
  for (const cause of tried?.findings.causes ?? []) findings.add(() => cause);
  return tried?.matches ?? 0;
}

function addRule(findings: Findings, text: string): void {
  const path = formatPath(findings.at);
  findings.add(() => ({
    reason: 'FieldValueInvalid',
    field: '<nil>',
    message: `Invalid value: "": ${JSON.stringify(path)} ${text}`,
  }));
}
