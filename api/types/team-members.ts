import type { TeamMember, TeamSpec } from './generated/team.ts';
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

export function leaderOf({ members }: TeamSpec): TeamMember | undefined {
  return members.find(({ role }) => role === LEADER);
}

/** All but the leader, in order. */
export function workersOf(team: TeamSpec): TeamMember[] {
  const leader = leaderOf(team);
  return team.members.filter((member) => member !== leader);
}

/** Whether a Task can start while the Bot of this member is not ready: another one would do its work. */
export function mayBeAbsent(team: TeamSpec, member: TeamMember): boolean {
  const fallback = collaborationModelOf(team) === 'route' ? team.route?.fallback : undefined;
  return fallback !== undefined && member !== leaderOf(team) && memberName(member) !== fallback;
}

const LED = new Set<string>(['route', 'coordinate']);
const NAMED = new Set<string>(['route', 'coordinate', 'collaborate']);
const SETTINGS = ['route', 'coordinate', 'collaborate'] as const;

/** Why the members cannot work together as the Team says, as a sentence with the field; undefined when they can. */
export function teamProblem(team: TeamSpec): string | undefined {
  const model: string = collaborationModelOf(team);
  const other = SETTINGS.find((name) => name !== model && team[name] !== undefined);
  if (other !== undefined)
    return `spec.${other}: is for the collaborationModel ${other}; this Team has ${model}.`;
  if (!NAMED.has(model)) return undefined;
  return leaderProblem(team) ?? nameProblem(team) ?? fallbackProblem(team);
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
