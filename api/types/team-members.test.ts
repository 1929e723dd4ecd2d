import { describe, expect, it } from 'vitest';
import type { TeamMember, TeamSpec } from './generated/team.ts';
import { teamProblem } from './team-members.ts';

const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({
  botRef: { name: 'b' },
  name,
  ...more,
});
const BOSS = member('boss', { role: 'leader' });
const ANN = member('ann');
const BEN = member('ben');

const team = (
  collaborationModel: string,
  members: TeamMember[],
  more: Pick<TeamSpec, 'coordinate' | 'route'> = {},
): TeamSpec => ({
  collaborationModel: collaborationModel as NonNullable<TeamSpec['collaborationModel']>,
  members,
  ...more,
});

describe('the members and settings of a Team', () => {
  it.each([
    { reason: 'a leader and members', given: team('route', [BOSS, ANN]) },
    { reason: 'nobody has to lead a talk', given: team('collaborate', [ANN, BEN]) },
    { reason: 'a pipeline may have one name twice', given: team('pipeline', [ANN, ANN]) },
    { reason: 'a fallback that is there', given: team('route', [BOSS, ANN], { route: { fallback: 'ann' } }) },
    {
      reason: 'nobody leads',
      given: team('coordinate', [ANN, BEN]),
      field: 'spec.members: for coordinate one',
    },
    { reason: 'two lead', given: team('route', [BOSS, BOSS, ANN]), field: 'spec.members: 2 members' },
    {
      reason: 'nobody works',
      given: team('route', [BOSS]),
      field: 'spec.members: for route there has to be',
    },
    {
      reason: 'one name twice',
      given: team('route', [BOSS, ANN, ANN]),
      field: 'two members are called "ann"',
    },
    {
      reason: 'a Bot twice, without names',
      given: team('collaborate', [{ botRef: { name: 'b' } }, { botRef: { name: 'b' } }]),
      field: 'two members are called "b"',
    },
    {
      reason: 'the word for no member',
      given: team('route', [BOSS, member('nobody')]),
      field: 'cannot be called',
    },
    {
      reason: 'a fallback that is not there',
      given: team('route', [BOSS, ANN], { route: { fallback: 'boss' } }),
      field: 'spec.route.fallback: ',
    },
    {
      reason: 'settings of another model',
      given: team('route', [BOSS, ANN], { coordinate: {} }),
      field: 'spec.coordinate: is for the collaborationModel coordinate; this Team has route.',
    },
  ])('$reason', ({ given, field }) => {
    const problem = teamProblem(given);
    if (field === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(field);
  });
});
