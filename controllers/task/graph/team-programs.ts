import type { TeamMember, TeamSpec } from '#api/types/generated/team';
import {
  leaderOf,
  mayBeAbsent,
  memberName,
  membersByName,
  teamProblem,
  workersOf,
} from '#api/types/teams/team-members';
import type { CollaborateProgram } from '../unfold/collaborate/program.ts';
import type { CoordinateProgram } from '../unfold/coordinate/program.ts';
import type { Program } from '../unfold/program.ts';
import type { RouteProgram } from '../unfold/route/route.ts';
import type { RosterEntry } from '../unfold/team/roster.ts';
import type { CollaborationModel, DraftedPlan } from './drafted-plan.ts';

/** The collaboration models whose steps nobody knows at the start. */

/** The leader names one member. */
export const route: CollaborationModel = ({ team }) =>
  drafted(team, (leader): RouteProgram => {
    const { fallback, editAnswer = false } = team.route ?? {};
    return {
      kind: 'route',
      leader,
      roster: rosterOf(team),
      ...(fallback === undefined ? {} : { fallback }),
      editAnswer,
    };
  });

/** The leader splits the work in rounds. */
export const coordinate: CollaborationModel = ({ team }) =>
  drafted(team, (leader): CoordinateProgram => {
    const settings = team.coordinate ?? {};
    const { onMemberFailure = 'Skip', memberRetries = 2 } = settings;
    return {
      kind: 'coordinate',
      leader,
      roster: rosterOf(team),
      maxRounds: settings.maxRounds ?? 5,
      maxAssignments: settings.maxAssignments ?? 20,
      parallelism: settings.parallelism ?? 4,
      onMemberFailure: onMemberFailure === 'Fail' ? 'Fail' : 'Skip',
      memberRetries: onMemberFailure === 'Retry' ? memberRetries : 0,
    };
  });

/** All speak in rounds; a leader, where there is one, concludes. */
export const collaborate: CollaborationModel = ({ team }) =>
  drafted(team, (leader): CollaborateProgram => {
    const { maxRounds = 3, order = 'Sequential', onNoAgreement = 'Conclude' } = team.collaborate ?? {};
    return {
      kind: 'collaborate',
      ...(leader === '' ? {} : { leader }),
      speakers: workersOf(team).map(memberName),
      maxRounds,
      order,
      onNoAgreement,
    };
  });

/** `programOf` gets the name of the leader; it is empty for a Team without one. */
function drafted(team: TeamSpec, programOf: (leader: string) => Program): DraftedPlan | { problem: string } {
  const problem = teamProblem(team);
  if (problem !== undefined) return { problem };
  const leader = leaderOf(team);
  return {
    nodes: [],
    members: membersByName(team.members),
    mayBeAbsent: team.members.filter((member) => mayBeAbsent(team, member)).map(memberName),
    program: programOf(leader === undefined ? '' : memberName(leader)),
  };
}

function rosterOf(team: TeamSpec): RosterEntry[] {
  return workersOf(team).map(rosterEntry);
}

function rosterEntry(member: TeamMember): RosterEntry {
  const { description } = member;
  return { name: memberName(member), ...(description === undefined ? {} : { description }) };
}
