import { describe, expect, it } from 'vitest';
import type { TeamMember, TeamSpec } from '../generated/team.ts';
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
  more: Pick<TeamSpec, 'coordinate' | 'quality' | 'route'> = {},
): TeamSpec => ({
  collaborationModel: collaborationModel as NonNullable<TeamSpec['collaborationModel']>,
  members,
  ...more,
});

describe('the members and settings of a Team', () => {
  it.each([
    { reason: 'a leader and members', given: team('route', [BOSS, ANN]) },
    { reason: 'nobody has to lead a talk', given: team('collaborate', [ANN, BEN]) },
    {
      reason: 'a given name twice, whatever the model',
      given: team('pipeline', [ANN, ANN]),
      field: 'two members are called "ann"',
    },
    {
      reason: 'a pipeline may have a Bot twice',
      given: team('pipeline', [{ botRef: { name: 'b' } }, { botRef: { name: 'b' } }]),
    },
    { reason: 'a fallback that is there', given: team('route', [BOSS, ANN], { route: { fallback: 'ann' } }) },
    {
      reason: 'nobody leads',
      given: team('coordinate', [ANN, BEN]),
      field: 'spec.members: for coordinate one',
    },
    {
      reason: 'two lead',
      given: team('route', [BOSS, { ...ANN, role: 'leader' }, BEN]),
      field: 'spec.members: 2 members',
    },
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
      reason: 'a name of JavaScript, whatever the model',
      given: team('pipeline', [member('__proto__')]),
      field: 'a member cannot be called "__proto__"',
    },
    {
      reason: 'a fallback that is not there',
      given: team('route', [BOSS, ANN], { route: { fallback: 'boss' } }),
      field: 'spec.route.fallback: ',
    },
    {
      reason: 'settings of another model',
      given: team('route', [BOSS, ANN], { coordinate: {} }),
      field: 'spec.coordinate: is for the collaborationModel coordinate, and this Team has route.',
    },
    {
      reason: 'one who judges',
      given: team('solo', [ANN, BEN], { quality: { review: { reviewer: 'ben' } } }),
    },
    {
      reason: 'a script that judges',
      given: team('solo', [ANN], { quality: { evaluate: { script: { run: 'make test' } } } }),
    },
    {
      reason: 'one who judges and is not there',
      given: team('solo', [ANN], { quality: { review: { reviewer: 'ben' } } }),
      field: 'spec.quality.review.reviewer: no member is called "ben".',
    },
    {
      reason: 'all judge',
      given: team('pipeline', [ANN], { quality: { vote: { voters: ['ann'] } } }),
      field: 'spec.quality: all members judge, and nobody works.',
    },
    {
      reason: 'a leader that judges',
      given: team('route', [BOSS, ANN], { quality: { bestOf: { candidates: 2, choosers: ['boss'] } } }),
      field: 'spec.quality.bestOf.choosers[0]: the leader cannot judge',
    },
    {
      reason: 'all members but the leader judge',
      given: team('route', [BOSS, ANN], { quality: { review: { reviewer: 'ann' } } }),
      field: 'spec.members: for route there has to be a member beside the leader',
    },
    {
      reason: 'a judge that nobody can tell from another one',
      given: team('pipeline', [ANN, ANN, BEN], { quality: { review: { reviewer: 'ben' } } }),
      field: 'two members are called "ann"',
    },
    {
      reason: 'scores by nobody',
      given: team('solo', [ANN], { quality: { evaluate: {} } }),
      field: 'spec.quality.evaluate: either a judge or a script',
    },
    {
      reason: 'scores for nothing',
      given: team('solo', [ANN, BEN], {
        quality: { evaluate: { judge: 'ben', criteria: [{ name: 'a', weight: 0 }] } },
      }),
      field: 'spec.quality.evaluate.criteria: ',
    },
    {
      reason: 'judges of the outcome of a workflow, in which they work, too',
      given: team('workflow', [ANN], { quality: { review: { reviewer: 'ann' } } }),
    },
    {
      reason: 'several mistakes at once',
      given: team('route', [ANN, ANN], {
        coordinate: {},
        quality: { review: { reviewer: 'ben' }, vote: { voters: ['cyd'] } },
      }),
      field:
        'spec.coordinate: is for the collaborationModel coordinate, and this Team has route; spec.members: two members are called "ann", which need names of their own; spec.quality.review.reviewer: no member is called "ben"; spec.quality.vote.voters[0]: no member is called "cyd"; spec.members: for route one member needs the role leader.',
    },
    {
      reason: 'a fallback that judges',
      given: team('route', [BOSS, ANN, BEN], {
        route: { fallback: 'ben' },
        quality: { review: { reviewer: 'ben' } },
      }),
      field: 'spec.route.fallback: ',
    },
  ])('$reason', ({ given, field }) => {
    const problem = teamProblem(given);
    if (field === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(field);
  });
});
