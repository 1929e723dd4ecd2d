import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import { TaskReason } from '#api/types/tasks/task';
import { leaderOf, memberName, membersByName } from '#api/types/teams/team-members';
import { compileWorkflow } from '#workflows/compile-workflow';
import { outcomeProblem } from '#workflows/outcome';
import { memberNamed, participantProblems, participantsOf } from '#workflows/participants';
import { problemText } from '#workflows/problem';
import { workflowOf } from '#workflows/workflow';
import type { Workflow } from '#workflows/workflow';
import { parametersProblem } from '../configuration/parameters.ts';
import type { Planner, WorkflowProgram } from '../unfold/workflow/workflow-program.ts';
import type { CollaborationModel, DraftedPlan, ModelSources } from './drafted-plan.ts';

/** The steps of a Collaboration, those that the leader writes, or both. */
export const workflow: CollaborationModel = (sources) => {
  const { collaboration, executionMode = 'auto' } = sources;
  const given = collaboration === undefined ? undefined : workflowOf(collaboration);
  const auto = given === undefined ? 'planned' : 'script';
  const mode = executionMode === 'auto' ? auto : executionMode;
  if (mode === 'planned') return drafted({ steps: [] }, mode, sources);
  if (given === undefined)
    return { problem: `executionMode ${mode} needs a workflow, and spec.collaborationRef names none.` };
  const problem = problemOf(given, mode, sources);
  if (problem !== undefined) return { problem };
  const wrong = parametersProblem(sources.parameters, given.parameters);
  return wrong === undefined
    ? drafted(given, mode, sources)
    : { problem: wrong, reason: TaskReason.ParametersInvalid };
};

type Mode = WorkflowProgram['mode'];

function problemOf(given: Workflow, mode: Mode, { team, judged = team }: ModelSources): string | undefined {
  const { members, quality } = judged;
  const problems = [
    ...compileWorkflow(given, 'spec').problems,
    ...participantProblems(given, members, 'spec'),
  ];
  if (problems.length > 0) return `${problemText(problems)}.`;
  const place = given.steps.find(({ fill }) => fill !== undefined)?.name;
  if (mode === 'script' && place !== undefined)
    return `step "${place}" is a place for the leader to fill, which takes executionMode hybrid.`;
  if (mode === 'hybrid' && place === undefined) return 'executionMode hybrid needs a step with fill.';
  return quality === undefined ? undefined : outcomeProblem(given, members, quality);
}

function drafted(given: Workflow, mode: Mode, sources: ModelSources): DraftedPlan {
  const { team, actions } = sources;
  const planner = mode === 'script' ? undefined : plannerOf(team);
  const program: WorkflowProgram = {
    ...{ kind: 'workflow', mode, workflow: given },
    ...(actions === undefined || mode === 'planned' ? {} : { actions }),
    ...(planner === undefined ? {} : { planner }),
  };
  return { nodes: [], members: workersOf(given, planner, sources), program };
}

/** Those who take part by the names that the steps have for them; all, where the leader chooses. */
function workersOf(
  given: Workflow,
  planner: Planner | undefined,
  { team, judged = team }: ModelSources,
): Record<string, TeamMember> {
  const named = participantsOf(given).flatMap((name): [string, TeamMember][] => {
    const member = memberNamed(judged.members, name);
    return member === undefined ? [] : [[name, member]];
  });
  return { ...(planner === undefined ? {} : membersByName(team.members)), ...Object.fromEntries(named) };
}

/** How many steps a leader may write where the Team says nothing. */
const DEFAULT_MAX_STEPS = 20;

/** The leader plans; without one, the first member. */
function plannerOf(team: TeamSpec): Planner | undefined {
  const leader = leaderOf(team) ?? team.members[0];
  if (leader === undefined) return undefined;
  const others = team.members.filter((member) => member !== leader);
  const workers = others.length === 0 ? [leader] : others;
  return {
    leader: memberName(leader),
    members: workers.map((member) => ({
      name: memberName(member),
      description: member.description ?? member.role ?? '',
    })),
    actions: team.planning?.actions ?? [],
    maxSteps: team.planning?.maxSteps ?? DEFAULT_MAX_STEPS,
  };
}
