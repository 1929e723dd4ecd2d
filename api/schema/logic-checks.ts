import { formatPath } from './field-path.ts';
import { createFindings } from './findings.ts';
import type { Findings } from './findings.ts';
import type { StructuralSchema } from './structural-schema.ts';
import type { Check } from './value-checks.ts';

type Compile = (schema: StructuralSchema) => Check<unknown>;

/**
 * allOf, anyOf, oneOf and not, in kube-openapi's words (pkg/validation/validate/schema_props.go). It reports the
 * rule itself without a field ("<nil>") and, after it, why the closest alternative does not hold.
 */
export function logicCheck(schema: StructuralSchema, compile: Compile): Check<unknown> | undefined {
  const checks = [
    anyOf(schema, compile),
    oneOf(schema, compile),
    allOf(schema, compile),
    not(schema, compile),
  ].filter((check) => check !== undefined);
  if (checks.length === 0) return undefined;
  return (value, findings) => {
    for (const check of checks) check(value, findings);
  };
}

function anyOf(schema: StructuralSchema, compile: Compile): Check<unknown> | undefined {
  const alternatives = schema.anyOf?.map(compile);
  if (alternatives === undefined) return undefined;
  return (value, findings) => {
    const attempts: Findings[] = [];
    for (const check of alternatives) {
      const attempt = attemptAt(check, value, findings);
      if (attempt.causes.length === 0) return;
      attempts.push(attempt);
    }
    addRule(findings, 'must validate at least one schema (anyOf)');
    addClosest(findings, attempts);
  };
}

function oneOf(schema: StructuralSchema, compile: Compile): Check<unknown> | undefined {
  const alternatives = schema.oneOf?.map(compile);
  if (alternatives === undefined) return undefined;
  return (value, findings) => {
    const attempts = alternatives.map((check) => attemptAt(check, value, findings));
    const valid = attempts.filter((attempt) => attempt.causes.length === 0).length;
    if (valid === 1) return;
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    addRule(findings, `must validate one and only one schema (oneOf). ${found}`);
    if (valid === 0) addClosest(findings, attempts);
  };
}

function allOf(schema: StructuralSchema, compile: Compile): Check<unknown> | undefined {
  const parts = schema.allOf?.map(compile);
  if (parts === undefined) return undefined;
  return (value, findings) => {
    const attempts = parts.map((check) => attemptAt(check, value, findings));
    const failed = attempts.filter((attempt) => attempt.causes.length > 0);
    for (const attempt of failed) for (const cause of attempt.causes) findings.add(() => cause);
    if (failed.length === 0) return;
    const none = failed.length === parts.length ? '. None validated' : '';
    addRule(findings, `must validate all the schemas (allOf)${none}`);
  };
}

function not(schema: StructuralSchema, compile: Compile): Check<unknown> | undefined {
  const check = schema.not === undefined ? undefined : compile(schema.not);
  if (check === undefined) return undefined;
  return (value, findings) => {
    if (attemptAt(check, value, findings).causes.length === 0)
      addRule(findings, 'must not validate the schema (not)');
  };
}

function attemptAt(check: Check<unknown>, value: unknown, findings: Findings): Findings {
  const attempt = createFindings(findings.at);
  check(value, attempt);
  return attempt;
}

function addRule(findings: Findings, text: string): void {
  const path = formatPath(findings.at);
  findings.add(() => ({
    reason: 'FieldValueInvalid',
    field: '<nil>',
    message: `Invalid value: "": ${JSON.stringify(path)} ${text}`,
  }));
}

function addClosest(findings: Findings, attempts: Findings[]): void {
  const closest = attempts.reduce((best, next) => (next.causes.length < best.causes.length ? next : best));
  for (const cause of closest.causes) findings.add(() => cause);
}
