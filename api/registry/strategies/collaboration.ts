import type { CollaborationSpec } from '#api/types/generated/collaboration';
import { workflowProblems } from '#workflows/compile-workflow';
import { workflowOf } from '#workflows/workflow';
import type { Strategy } from './strategy.ts';

/** Everything that can be known to be wrong with a workflow is told when it is written. */
export const collaborationStrategy: Strategy = {
  validate(collaboration, _, { compiled }) {
    // Problems of the form are told already, and the rules rely on it.
    if (compiled.validate(collaboration, undefined, []).length > 0) return [];
    const workflow = workflowOf(collaboration['spec'] as CollaborationSpec);
    return workflowProblems(workflow, 'spec').map(({ field, message }) => ({
      reason: 'FieldValueInvalid',
      field,
      message: `Invalid value: ${message}`,
    }));
  },
};
