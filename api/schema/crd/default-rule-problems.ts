import type { StatusCause } from '#api/machinery/status-error';
import { DefaultRules } from '../cel/default-rules.ts';
import type { StructuralSchema } from '../structural-schema.ts';

/**
 * Defaults obey the rules of what they are put into (schema/defaulting/validation.go): as an update that changes
 * nothing, and as something new. All defaults of a schema share one budget.
 */
export function defaultRuleProblems(schema: StructuralSchema, at: string): StatusCause[] {
  const rules = new DefaultRules();
  visit(schema, at, rules);
  return rules.causes;
}

function visit(schema: StructuralSchema, at: string, rules: DefaultRules): void {
  if (schema.default !== undefined) rules.judge(schema, `${at}.default`);
  if (schema.items !== undefined) visit(schema.items, `${at}.items`, rules);
  for (const [name, child] of Object.entries(schema.properties ?? {}))
    visit(child, `${at}.properties[${name}]`, rules);
}
