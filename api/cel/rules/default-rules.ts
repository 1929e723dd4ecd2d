import type { StatusCause } from '../../machinery/status-error.ts';
import type { StructuralSchema } from '../../structural-schema/structural-schema.ts';
import { OBJECT_BUDGET } from './compile-rules.ts';
import { FieldLocation } from './field-location.ts';
import { buildRuleTree } from './rule-tree.ts';
import type { RuleNode } from './rule-tree.ts';
import { NOTHING, RuleRun } from './run-rules.ts';

/**
 * Defaults obey the rules of what they are put into (schema/defaulting/validation.go): as an update that changes
 * nothing, and as something new. All defaults of a schema share one budget.
 */
export function defaultRuleProblems(schema: StructuralSchema, path: string): StatusCause[] {
  const root = buildRuleTree(schema, true);
  if (root === undefined) return [];
  const run = new RuleRun(OBJECT_BUDGET);
  visit(root, path, run);
  return run.causes;
}

/** Those within additionalProperties are not looked at. */
function visit(node: RuleNode, path: string, run: RuleRun): void {
  if (node.schema.default !== undefined) judge(node, `${path}.default`, run);
  if (node.items !== undefined) visit(node.items, `${path}.items`, run);
  for (const [name, child] of node.properties) visit(child, `${path}.properties[${name}]`, run);
}

function judge(node: RuleNode, path: string, run: RuleRun): void {
  if (run.isOver) return;
  const { default: value } = node.schema;
  const place = { node, value, at: FieldLocation.at(path), ratchet: NOTHING };
  const before = run.causes.length;
  run.visit({ ...place, old: value });
  // What optionalOldSelf says of something new.
  if (run.causes.length === before && !run.isOver) run.visit({ ...place, old: undefined });
}
