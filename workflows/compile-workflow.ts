import type { Expression } from '#api/schema/expressions';
import { parametersSchemaProblems } from '#api/schema/parameters';
import { expressionType } from './check-expression.ts';
import { duplicateNames, siblingProblems } from './check-names.ts';
import { checkSteps, formProblems } from './check-steps.ts';
import type { Problem } from './problem.ts';
import { withSteps, workflowVariables } from './variables.ts';
import type { Workflow } from './workflow.ts';

/** A workflow with its expressions, ready to be evaluated. */
export interface CompiledWorkflow {
  /** All that can be known to be wrong with it before it runs; nothing where it is fine. */
  problems: readonly Problem[];
  /** By the field that each stands in, such as `spec.steps[2].when`. */
  expressions: ReadonlyMap<string, Expression>;
}

/**
 * Compiles a workflow that fits the schema of Collaborations; pure.
 * @param at the field that the workflow stands in, such as `spec`
 */
export function compileWorkflow(workflow: Workflow, at: string): CompiledWorkflow {
  const { parameters, steps } = workflow;
  const expressions = new Map<string, Expression>();
  const schema = parameters === undefined ? [] : parametersSchemaProblems(parameters, `${at}.parameters`);
  const names = duplicateNames(steps, `${at}.steps`);
  const wrong = [...schema.map(({ field = at, message, reason }) => ({ field, message, reason })), ...names];
  if (wrong.length > 0) {
    // Without types and names, no expression can be judged; all else is told at once.
    const siblings = siblingProblems(steps, `${at}.steps`);
    return { problems: [...wrong, ...siblings, ...formProblems(steps, `${at}.steps`)], expressions };
  }
  const variables = workflowVariables(workflow);
  const { problems, results } = checkSteps({
    ...{ steps, at: `${at}.steps`, variables, expressions },
    ...{ ended: new Set<string>(), isRepeated: false },
  });
  // Without the results of all steps, the outputs would be found wrong for nothing.
  if (problems.length > 0) return { problems, expressions };
  const whole = withSteps(variables, results);
  const ofOutputs = Object.entries(workflow.outputs ?? {}).flatMap(([name, source]) => {
    const found = expressionType(source, { at: `${at}.outputs.${name}`, variables: whole, expressions });
    return 'problem' in found ? [found.problem] : [];
  });
  return { problems: ofOutputs, expressions };
}

/** All that is wrong with a workflow. */
export function workflowProblems(workflow: Workflow, at: string): readonly Problem[] {
  return compileWorkflow(workflow, at).problems;
}
