import { checkParameters } from '#api/schema/parameters';
import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import { compileWorkflow } from '#workflows/compile-workflow';
import { memberNamed, participantProblems, participantsOf } from '#workflows/participants';
import { problemText } from '#workflows/problem';
import { workflowOf } from '#workflows/workflow';
import type { Workflow } from '#workflows/workflow';
import type { WorkflowProgram } from '../unfold/workflow/workflow-program.ts';
import type { CollaborationModel, DraftedPlan, ModelSources } from './drafted-plan.ts';

/** The steps of a Collaboration, or those that the leader writes. */
export const workflow: CollaborationModel = (sources) => {
  const { team, collaboration, executionMode = 'auto' } = sources;
  const given = collaboration === undefined ? undefined : workflowOf(collaboration);
  const mode = executionMode === 'auto' ? (given === undefined ? 'planned' : 'script') : executionMode;
  if (given === undefined)
    return { problem: `executionMode ${mode} needs a workflow, and spec.collaborationRef names none.` };
  const problem = problemOf(given, sources);
  return problem === undefined ? scripted(given, sources) : { problem };
};

function problemOf(given: Workflow, { team, parameters = {} }: ModelSources): string | undefined {
  const problems = [
    ...compileWorkflow(given, 'spec').problems,
    ...participantProblems(given, team.members, 'spec'),
  ];
  if (problems.length > 0) return `${problemText(problems)}.`;
  if (given.parameters === undefined) return undefined;
  const { causes } = checkParameters(given.parameters, parameters, 'spec.parameters');
  return causes.length === 0
    ? undefined
    : `${causes.map(({ field, message }) => `${field ?? ''}: ${message}`).join('; ')}.`;
}

function scripted(given: Workflow, { team, actions }: ModelSources): DraftedPlan {
  const program: WorkflowProgram = {
    ...{ kind: 'workflow', mode: 'script', workflow: given },
    ...(actions === undefined ? {} : { actions }),
  };
  const members = participantsOf(given).flatMap((name): [string, TeamMember][] => {
    const member = memberNamed(team.members, name);
    return member === undefined ? [] : [[name, member]];
  });
  return { nodes: [], members: Object.fromEntries(members), program };
}
