import { isConditionTrue } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import type { Collaboration } from '#api/types/generated/collaboration';
import type { Bot } from '#api/types/generated/bot';
import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team, TeamMember } from '#api/types/generated/team';
import { isReadyNow } from '#api/types/ready';
import { TeamReason, collaborationModelOf, teamNotReady, teamPinned, teamReady } from '#api/types/teams/team';
import { duplicateNames, mayBeAbsent, teamProblem } from '#api/types/teams/team-members';
import { outcomeProblem } from '#workflows/outcome';
import { participantProblems } from '#workflows/participants';
import { problemText } from '#workflows/problem';
import { workflowOf } from '#workflows/workflow';

export interface TeamSurroundings {
  botOf: (member: TeamMember) => Bot | undefined;
  /** The one that collaborationRef names. */
  collaboration: Collaboration | undefined;
  /** The one that spec.revision names. */
  revision?: TaskRevision | undefined;
  /** Collaboration models that Tasks are carried out with. */
  supported: readonly string[];
}

/**
 * Available when every member's Bot is; otherwise the message lists all that are missing. A Team that is pinned is available
 * with its TaskRevision: that is how one goes on whose members were broken.
 */
export function planTeam(team: Team, surroundings: TeamSurroundings): NewCondition {
  if (team.spec.revision !== undefined) return planPinned(team, team.spec.revision, surroundings.revision);
  const { condition, isReady } = planMembers(team, surroundings.botOf);
  const problems = [
    ...settingProblems(team, surroundings.supported),
    ...(isReady ? [] : [condition]),
    ...collaborationProblems(team, surroundings.collaboration),
  ];
  const [first] = problems;
  if (first === undefined) return condition;
  return { ...first, message: problems.map(({ message }) => message).join(' ') };
}

function settingProblems({ spec }: Team, supported: readonly string[]): NewCondition[] {
  const model = collaborationModelOf(spec);
  const problem = teamProblem(spec);
  const reason = duplicateNames(spec).length > 0 ? TeamReason.DuplicateMember : TeamReason.InvalidSettings;
  const unsupported = `spec.collaborationModel: "${model}" is not supported; supported: ${supported.join(', ')}.`;
  return [
    ...(supported.includes(model) ? [] : [teamNotReady(TeamReason.UnsupportedMode, unsupported)]),
    ...(problem === undefined ? [] : [teamNotReady(reason, problem)]),
  ];
}

function planPinned({ metadata }: Team, name: string, revision: TaskRevision | undefined): NewCondition {
  const shown = `spec.revision: TaskRevision "${metadata.namespace ?? ''}/${name}"`;
  if (revision === undefined) return teamNotReady(TeamReason.RevisionNotFound, `${shown} not found.`);
  const { teamRef } = revision.spec as { teamRef: { name: string; namespace?: string } };
  if (teamRef.name === metadata.name && teamRef.namespace === metadata.namespace) return teamPinned(name);
  return teamNotReady(TeamReason.RevisionNotFound, `${shown} is not one of this Team.`);
}

interface MembersPlan {
  isReady: boolean;
  condition: NewCondition;
}

function planMembers(team: Team, botOf: (member: TeamMember) => Bot | undefined): MembersPlan {
  const problems = team.spec.members.flatMap((member, index) => memberProblem(team, index, botOf(member)));
  const hard = problems.filter(({ isSoft }) => !isSoft);
  const missing = hard.filter(({ isMissing }) => isMissing);
  if (hard.length === 0) {
    const absent = problems.length === 0 ? undefined : listed(problems);
    return { isReady: true, condition: teamReady(absent) };
  }
  const reason = missing.length > 0 ? TeamReason.BotNotFound : TeamReason.BotNotReady;
  const message = listed([...missing, ...hard.filter(({ isMissing }) => !isMissing)]);
  return { isReady: false, condition: teamNotReady(reason, message) };
}

interface MemberProblem {
  text: string;
  /** The Bot does not exist. */
  isMissing: boolean;
  /** Tasks can do without this member. */
  isSoft: boolean;
}

function memberProblem(team: Team, index: number, bot: Bot | undefined): MemberProblem[] {
  const member = team.spec.members[index];
  if (member === undefined || isConditionTrue(bot?.status?.conditions, 'Ready')) return [];
  const namespace = member.botRef.namespace ?? team.metadata.namespace ?? '';
  const shown = `spec.members[${index}].botRef: Bot "${namespace}/${member.botRef.name}"`;
  const text = bot === undefined ? `${shown} not found` : `${shown} is not ready${because(bot)}`;
  return [{ text, isMissing: bot === undefined, isSoft: mayBeAbsent(team.spec, member) }];
}

const listed = (problems: readonly MemberProblem[]): string =>
  `${problems.map(({ text }) => text).join('; ')}.`;

function collaborationProblems(team: Team, collaboration: Collaboration | undefined): NewCondition[] {
  const { collaborationRef, members, quality } = team.spec;
  if (collaborationRef === undefined) return [];
  const namespace = collaborationRef.namespace ?? team.metadata.namespace ?? '';
  const shown = `spec.collaborationRef: Collaboration "${namespace}/${collaborationRef.name}"`;
  if (collaboration === undefined)
    return [teamNotReady(TeamReason.CollaborationNotFound, `${shown} not found.`)];
  if (!isReadyNow(collaboration))
    return [
      teamNotReady(TeamReason.CollaborationNotReady, `${shown} is not ready${because(collaboration)}.`),
    ];
  const workflow = workflowOf(collaboration.spec);
  const problems = participantProblems(workflow, members, 'spec');
  const unjudged = quality === undefined ? undefined : outcomeProblem(workflow, members, quality);
  return [
    ...(problems.length === 0
      ? []
      : [teamNotReady(TeamReason.UnknownParticipant, `${shown}: ${problemText(problems)}.`)]),
    ...(unjudged === undefined ? [] : [teamNotReady(TeamReason.InvalidSettings, unjudged)]),
  ];
}

function because({ status }: Bot | Collaboration): string {
  const why = status?.message;
  return why === undefined ? '' : ` (${why.replace(/\.$/, '')})`;
}
