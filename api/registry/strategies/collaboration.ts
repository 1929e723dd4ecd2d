import type { CollaborationSpec } from '#api/types/generated/collaboration';
import { workflowProblems } from '#workflows/compile-workflow';
import { allSteps, workflowOf } from '#workflows/workflow';
import type { Workflow } from '#workflows/workflow';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden } from '../../structural-schema/field-error.ts';
import { credentialsInAction } from '../../types/credentials/action-credentials.ts';
import type { Strategy } from './strategy.ts';

/** Everything that can be known to be wrong with a workflow is told when it is written. */
export const collaborationStrategy: Strategy = {
  validate(collaboration, _, { compiled }) {
    // Problems of the form are told already, and the rules rely on it.
    if (compiled.validate(collaboration, undefined, []).length > 0) return [];
    const workflow = workflowOf(collaboration['spec'] as CollaborationSpec);
    const problems = workflowProblems(workflow, 'spec').map(({ field, message, reason }) =>
      reason === undefined
        ? { reason: 'FieldValueInvalid', field, message: `Invalid value: ${message}` }
        : { reason, field, message },
    );
    return [...problems, ...credentialProblems(workflow)];
  },
};

/** The values are not repeated. */
function credentialProblems({ steps }: Workflow): StatusCause[] {
  return [...allSteps(steps, 'spec.steps')].flatMap(({ step, at }) =>
    credentialsInAction(step.action ?? {}).map((field) =>
      forbidden(
        `${at}.action.${field}`,
        'it looks like a credential; a header takes one from a Secret (valueFrom)',
      ),
    ),
  );
}
