import type { TeamMember, TeamQuality, TeamSpec } from '../generated/team.ts';
import { judgesIn, qualityProblems } from './quality.ts';
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
  return quality === undefined ? [] : judgesIn(quality).map(({ name }) => name);
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

/** A setting that does not fit the others. */
export interface TeamProblem {
  /** Such as `spec.route.fallback`. */
  field: string;
  /** The rest of the sentence. */
  message: string;
}

/** Why the members cannot work together as the Team says: all of it, in one sentence with the fields; undefined when they can. */
export function teamProblem(team: TeamSpec): string | undefined {
  const problems = teamProblems(team).map(({ field, message }) => `${field}: ${message}`);
  return problems.length === 0 ? undefined : `${problems.join('; ')}.`;
}

/** All that is wrong with the members and the settings; a Team that can work has nothing here. */
export function teamProblems(team: TeamSpec): TeamProblem[] {
  const isNamed = NAMED.has(collaborationModelOf(team));
  return [
    ...settingProblems(team),
    ...nameProblems(team, isNamed || team.quality !== undefined),
    ...judgeProblems(team),
    ...(isNamed ? [...leaderProblems(team), ...fallbackProblems(team)] : []),
  ];
}

function settingProblems(team: TeamSpec): TeamProblem[] {
  const model: string = collaborationModelOf(team);
  return SETTINGS.filter((name) => name !== model && team[name] !== undefined).map((name) => ({
    field: `spec.${name}`,
    message: `is for the collaborationModel ${name}, and this Team has ${model}`,
  }));
}

/** Names that several members have been given; roles may repeat (several reviewers). */
export function duplicateNames({ members }: TeamSpec): string[] {
  return repeated(members.flatMap(({ name }) => name ?? []));
}

const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

/** A leader names members, judges do, and a transcript has their names. */
function nameProblems(team: TeamSpec, areTold: boolean): TeamProblem[] {
  const field = 'spec.members';
  const names = team.members.map(memberName);
  const reserved = areTold ? [PROTOTYPE, NOBODY] : [PROTOTYPE];
  const taken = reserved.filter((name) => names.includes(name));
  const twice = areTold ? repeated(names) : duplicateNames(team);
  return [
    ...taken.map((name) => ({ field, message: `a member cannot be called "${name}"` })),
    ...twice.map((name) => ({
      field,
      message: `two members are called "${name}", which need names of their own`,
    })),
  ];
}

function leaderProblems(team: TeamSpec): TeamProblem[] {
  const model = collaborationModelOf(team);
  const leaders = team.members.filter(({ role }) => role === LEADER).length;
  const messages = [
    ...(leaders > 1 ? [`${leaders} members have the role leader, and one leads`] : []),
    ...(leaders === 0 && LED.has(model) ? [`for ${model} one member needs the role leader`] : []),
    ...(workersOf(team).length === 0 ? [`for ${model} there has to be a member beside the leader`] : []),
  ];
  return messages.map((message) => ({ field: 'spec.members', message }));
}

function fallbackProblems(team: TeamSpec): TeamProblem[] {
  const fallback = team.route?.fallback;
  if (fallback === undefined || workersOf(team).some((member) => memberName(member) === fallback)) return [];
  return [{ field: 'spec.route.fallback', message: `no member beside the leader is called "${fallback}"` }];
}

function judgeProblems(team: TeamSpec): TeamProblem[] {
  const { quality, members } = team;
  if (quality === undefined) return [];
  const names = new Set(members.map(memberName));
  const leader = leaderOf(team);
  const judges = judgesIn(quality);
  const unknown = judges
    .filter(({ name }) => !names.has(name))
    .map(({ field, name }) => ({ field, message: `no member is called "${name}"` }));
  const leading = judges
    .filter(({ name }) => leader !== undefined && name === memberName(leader))
    .map(({ field }) => ({ field, message: 'the leader cannot judge what it answers for' }));
  const isWorkflow = collaborationModelOf(team) === 'workflow';
  const idle =
    !isWorkflow && workingMembers(team).length === 0
      ? [{ field: '', message: 'all members judge, and nobody works' }]
      : [];
  return [...unknown, ...leading, ...idle, ...qualityProblems(quality)].map(({ field, message }) => ({
    field: `spec.quality${field}`,
    message,
  }));
}
