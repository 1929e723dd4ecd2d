import { collaborationNotReady, collaborationReady } from '#api/types/teams/collaboration';
import type { Collaboration, CollaborationStatus } from '#api/types/generated/collaboration';
import { withReady } from '#api/types/ready';
import { problemText } from '#workflows/problem';
import { workflowProblems } from '#workflows/compile-workflow';
import { allSteps, workflowOf } from '#workflows/workflow';

/**
 * The status of a Collaboration. The server judges workflows when they are written; one that came by another server, or
 * before a rule was there, is judged here.
 */
export function collaborationStatus(
  { spec, status }: Collaboration,
  at: { now: string; generation: number | undefined },
): CollaborationStatus {
  const workflow = workflowOf(spec);
  const stepCount = [...allSteps(workflow.steps, '')].length;
  const problems = workflowProblems(workflow, 'spec');
  const condition =
    problems.length === 0
      ? collaborationReady(stepCount)
      : collaborationNotReady(`${problemText(problems)}.`);
  return withReady({ ...status, stepCount }, condition, at);
}
