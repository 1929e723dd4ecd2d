import { isConditionTrue } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import type { Bot } from '#api/types/generated/bot';
import type { Team, TeamMember } from '#api/types/generated/team';
import { TeamReason, teamNotReady, teamReady } from '#api/types/team';

export interface TeamSurroundings {
  botOf: (member: TeamMember) => Bot | undefined;
  /** Collaboration models that Tasks are carried out with. */
  supported: readonly string[];
}

/** Available when every member's Bot is; otherwise the message lists all that are missing. */
export function planTeam(team: Team, { botOf, supported }: TeamSurroundings): NewCondition {
  const { collaborationModel, members } = team.spec;
  if (!supported.includes(collaborationModel)) {
    return teamNotReady(
      TeamReason.UnsupportedMode,
      `spec.collaborationModel: "${collaborationModel}" is not supported; supported: ${supported.join(', ')}.`,
    );
  }
  const duplicate = duplicateName(members);
  if (duplicate !== undefined) {
    return teamNotReady(TeamReason.DuplicateMember, `spec.members: two members are named "${duplicate}".`);
  }
  return planMembers(team, botOf) ?? teamReady();
}

/** Roles may repeat (several reviewers); given names may not. */
function duplicateName(members: readonly TeamMember[]): string | undefined {
  const names = members.flatMap((member) => (member.name === undefined ? [] : [member.name]));
  return names.find((name, index) => names.indexOf(name) !== index);
}

function planMembers(team: Team, botOf: (member: TeamMember) => Bot | undefined): NewCondition | undefined {
  const missing: string[] = [];
  const unready: string[] = [];
  for (const [index, member] of team.spec.members.entries()) {
    const bot = botOf(member);
    const namespace = member.botRef.namespace ?? team.metadata.namespace ?? '';
    const shown = `spec.members[${index}].botRef: Bot "${namespace}/${member.botRef.name}"`;
    if (bot === undefined) missing.push(`${shown} not found`);
    else if (!isConditionTrue(bot.status?.conditions, 'Ready'))
      unready.push(`${shown} is not ready${because(bot)}`);
  }
  const problems = [...missing, ...unready];
  if (problems.length === 0) return undefined;
  const reason = missing.length > 0 ? TeamReason.BotNotFound : TeamReason.BotNotReady;
  return teamNotReady(reason, `${problems.join('; ')}.`);
}

function because(bot: Bot): string {
  const why = bot.status?.message;
  return why === undefined ? '' : ` (${why.replace(/\.$/, '')})`;
}
