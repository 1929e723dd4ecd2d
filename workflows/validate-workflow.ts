import { parametersSchemaProblems } from '#api/schema/parameters';
import { expressionType } from './check-expression.ts';
import { duplicateNames } from './check-names.ts';
import { checkSteps } from './check-steps.ts';
import type { Problem } from './problem.ts';
import { withSteps, workflowVariables } from './variables.ts';
import type { Workflow } from './workflow.ts';

/**
 * All that can be known to be wrong with a workflow before it runs; nothing where it is fine. The schema of Collaborations
 * holds for it. Pure.
 * @param at the field that the workflow stands in, such as `spec`
 */
export function workflowProblems(workflow: Workflow, at: string): Problem[] {
  const { parameters, steps, outputs = {} } = workflow;
  const schema = parameters === undefined ? [] : parametersSchemaProblems(parameters, `${at}.parameters`);
  const names = duplicateNames(steps, `${at}.steps`);
  const wrong = [...schema.map(({ field = at, message }) => ({ field, message })), ...names];
  if (wrong.length > 0) return wrong;
  const variables = workflowVariables(workflow);
  const { problems, results } = checkSteps({
    ...{ steps, at: `${at}.steps`, variables },
    ...{ ended: new Set<string>(), isRepeated: false },
  });
  // Without the results of all steps, the outputs would be found wrong for nothing.
  if (problems.length > 0) return [...problems];
  const whole = withSteps(variables, results);
  return Object.entries(outputs).flatMap(([name, source]) => {
    const found = expressionType(source, { at: `${at}.outputs.${name}`, variables: whole });
    return 'problem' in found ? [found.problem] : [];
  });
}
