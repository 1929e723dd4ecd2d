import type { TeamMember, TeamQuality, TeamSpec } from './generated/team.ts';
import { collaborationModelOf } from './team.ts';

/** Who is who in a Team, and whether its members and settings fit the way in which they work together; pure. */

/** The role of the one who leads. */
const LEADER = 'leader';

/** A leader that is to name a member says so when it names none of them. */
export const NOBODY = 'nobody';

/** Its name, else its role, else that of its Bot. */
export function memberName({ name, role, botRef }: TeamMember): string {
  return name ?? role ?? botRef.name;
}

export function membersByName(members: readonly TeamMember[]): Record<string, TeamMember> {
  return Object.fromEntries(members.map((member) => [memberName(member), member]));
}

export function leaderOf({ members }: TeamSpec): TeamMember | undefined {
  return members.find(({ role }) => role === LEADER);
}

/** All who do the work but the leader, in order. */
export function workersOf(team: TeamSpec): TeamMember[] {
  const leader = leaderOf(team);
  return workingMembers(team).filter((member) => member !== leader);
}

/** All but those who judge the work of the others. */
export function workingMembers(team: TeamSpec): TeamMember[] {
  const judges = new Set(judgeNames(team.quality));
  return team.members.filter((member) => !judges.has(memberName(member)));
}

/** The members that `spec.quality` names, some of them several times. */
export function judgeNames(quality: TeamQuality | undefined): string[] {
  const { bestOf, evaluate, review, vote } = quality ?? {};
  return [
    ...(bestOf?.choosers ?? []),
    ...[evaluate?.judge ?? []].flat(),
    ...[review?.reviewer ?? []].flat(),
    ...(vote?.voters ?? []),
  ];
}

/** Whether a Task can start while the Bot of this member is not ready: another one would do its work. */
export function mayBeAbsent(team: TeamSpec, member: TeamMember): boolean {
  const fallback = collaborationModelOf(team) === 'route' ? team.route?.fallback : undefined;
  return fallback !== undefined && workersOf(team).includes(member) && memberName(member) !== fallback;
}

/** Members are kept by name, and JavaScript has a use of its own for this one. */
const PROTOTYPE = '__proto__';
const LED = new Set<string>(['route', 'coordinate']);
const NAMED = new Set<string>(['route', 'coordinate', 'collaborate']);
const SETTINGS = ['route', 'coordinate', 'collaborate'] as const;

/** Why the members cannot work together as the Team says, as a sentence with the field; undefined when they can. */
export function teamProblem(team: TeamSpec): string | undefined {
  const model: string = collaborationModelOf(team);
  const other = SETTINGS.find((name) => name !== model && team[name] !== undefined);
  if (other !== undefined)
    return `spec.${other}: is for the collaborationModel ${other}; this Team has ${model}.`;
  if (team.members.map(memberName).includes(PROTOTYPE)) {
    return `spec.members: a member cannot be called "${PROTOTYPE}".`;
  }
  const isNamed = NAMED.has(model);
  if (!isNamed && team.quality === undefined) return undefined;
  return (
    nameProblem(team) ??
    qualityProblem(team) ??
    (isNamed ? (leaderProblem(team) ?? fallbackProblem(team)) : undefined)
  );
}

function leaderProblem(team: TeamSpec): string | undefined {
  const { members } = team;
  const model = collaborationModelOf(team);
  const leaders = members.filter(({ role }) => role === LEADER).length;
  if (leaders > 1) return `spec.members: ${leaders} members have the role leader; one leads.`;
  if (leaders === 0 && LED.has(model)) return `spec.members: for ${model} one member needs the role leader.`;
  return workersOf(team).length === 0
    ? `spec.members: for ${model} there has to be a member beside the leader.`
    : undefined;
}

/** A leader names members, and a transcript has their names. */
function nameProblem({ members }: TeamSpec): string | undefined {
  const names = members.map(memberName);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) return `spec.members: two members are called "${twice}"; give them names.`;
  return names.includes(NOBODY) ? `spec.members: a member cannot be called "${NOBODY}".` : undefined;
}

function fallbackProblem(team: TeamSpec): string | undefined {
  const fallback = team.route?.fallback;
  if (fallback === undefined || workersOf(team).some((member) => memberName(member) === fallback)) {
    return undefined;
  }
  return `spec.route.fallback: no member beside the leader is called "${fallback}".`;
}

function qualityProblem(team: TeamSpec): string | undefined {
  const { quality } = team;
  if (quality === undefined) return undefined;
  if (collaborationModelOf(team) === 'workflow') {
    return 'spec.quality: is not for workflows, which have steps for this.';
  }
  const names = new Set(team.members.map(memberName));
  const leader = leaderOf(team);
  const unknown = judgeNames(quality).find((name) => !names.has(name));
  if (unknown !== undefined) return `spec.quality: no member is called "${unknown}".`;
  if (leader !== undefined && judgeNames(quality).includes(memberName(leader))) {
    return 'spec.quality: the leader cannot judge what it answers for.';
  }
  if (workingMembers(team).length === 0) return 'spec.quality: all members judge, and nobody works.';
  return evaluateProblem(quality);
}

function evaluateProblem({ evaluate }: TeamQuality): string | undefined {
  if (evaluate === undefined) return undefined;
  const { judge, script, criteria = [] } = evaluate;
  if ((judge === undefined) === (script === undefined)) {
    return 'spec.quality.evaluate: either a judge or a script is needed.';
  }
  if (judge === undefined) return undefined;
  const weights = criteria.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return weights > 0 ? undefined : 'spec.quality.evaluate.criteria: the judge needs one that counts.';
}
