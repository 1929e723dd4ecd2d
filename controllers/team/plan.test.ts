import { describe, expect, it } from 'vitest';
import { botNotReady, botReady } from '#api/types/bot';
import { collaborationReady } from '#api/types/teams/collaboration';
import type { Bot } from '#api/types/generated/bot';
import type { Collaboration, CollaborationStep } from '#api/types/generated/collaboration';
import type { TaskRevision } from '#api/types/generated/task-revision';
import type { Team, TeamMember, TeamSpec } from '#api/types/generated/team';
import { withReady } from '#api/types/ready';
import { planTeam } from './plan.ts';

const at = { now: '2026-01-01T00:00:00Z', generation: 1 };
const bots: Record<string, Bot> = {
  good: { metadata: { name: 'good' }, status: withReady(undefined, botReady(), at) } as Bot,
  bad: {
    metadata: { name: 'bad' },
    status: withReady(undefined, botNotReady('GhostNotFound', 'no Ghost.'), at),
  } as Bot,
  new: { metadata: { name: 'new' } } as Bot,
};
const team = (
  members: TeamMember[],
  collaborationModel: TeamSpec['collaborationModel'] = 'pipeline',
): Team => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Team',
  metadata: { name: 't', namespace: 'ns' },
  spec: { members, collaborationModel },
});
const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({ botRef: { name }, ...more });

describe('planTeam', () => {
  const cases = [
    { reason: 'all ready', team: team([member('good'), member('good')]), want: 'MembersReady', text: '' },
    {
      reason: 'all that is missing is listed',
      team: team([
        member('x'),
        member('good'),
        member('bad'),
        member('y', { botRef: { name: 'y', namespace: 'o' } }),
      ]),
      want: 'BotNotFound',
      text: 'spec.members[0].botRef: Bot "ns/x" not found; spec.members[3].botRef: Bot "o/y" not found; spec.members[2].botRef: Bot "ns/bad" is not ready (no Ghost).',
    },
    { reason: 'one not ready', team: team([member('bad')]), want: 'BotNotReady', text: '(no Ghost)' },
    {
      reason: 'one not looked at yet',
      team: team([member('new')]),
      want: 'BotNotReady',
      text: 'is not ready.',
    },
    {
      reason: 'another mode',
      team: team([member('good')], 'coordinate'),
      want: 'UnsupportedMode',
      text: 'spec.collaborationModel: "coordinate" is not supported; supported: pipeline, solo, route.',
    },
    {
      reason: 'settings that do not fit',
      team: { ...team([member('good')]), spec: { ...team([member('good')]).spec, route: {} } },
      want: 'InvalidSettings',
      text: 'spec.route: ',
    },
    {
      reason: 'one not ready that another one stands in for',
      team: {
        ...team([]),
        spec: {
          collaborationModel: 'route' as const,
          route: { fallback: 'good' },
          members: [member('good', { role: 'leader', name: 'boss' }), member('good'), member('x')],
        },
      },
      want: 'MembersReady',
      text: 'Tasks start without some members: spec.members[2].botRef: Bot "ns/x" not found.',
    },
    {
      reason: 'one name twice',
      team: team([member('good', { name: 'a' }), member('good', { name: 'a' })]),
      want: 'DuplicateMember',
      text: '"a"',
    },
    {
      reason: 'one role twice is fine',
      team: team([member('good', { role: 'a' }), member('good', { role: 'a' })]),
      want: 'MembersReady',
      text: '',
    },
  ];
  it.each(cases)('$reason', ({ team: given, want, text }) => {
    const condition = planTeam(given, {
      botOf: ({ botRef }) => bots[botRef.name],
      collaboration: undefined,
      supported: ['pipeline', 'solo', 'route'],
    });
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(text);
  });
});

describe('a Team with a Collaboration', () => {
  const ready = (steps: CollaborationStep[]): Collaboration => ({
    ...{
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Collaboration',
      metadata: { name: 'c', generation: 1 },
    },
    spec: { type: 'workflow', steps },
    status: withReady(undefined, collaborationReady(steps.length), at),
  });
  const named: Team = {
    ...team([member('good', { name: 'coder' })]),
    spec: { members: [member('good', { name: 'coder' })], collaborationRef: { name: 'c' } },
  };

  it('which has an outcome that nobody could be asked to correct, is told together with other mistakes', () => {
    const members = [member('good', { name: 'coder' }), member('x', { name: 'critic' })];
    const judged: Team = {
      ...named,
      spec: { ...named.spec, members, quality: { review: { reviewer: 'critic' }, vote: { voters: ['y'] } } },
    };
    const condition = planTeam(judged, {
      botOf: ({ botRef }) => bots[botRef.name],
      collaboration: ready(['a', 'b'].map((name) => ({ name, participants: ['coder'] }))),
      supported: ['workflow'],
    });
    expect(condition.reason).toBe('InvalidSettings');
    expect(condition.message).toContain('spec.quality.vote.voters[0]: no member is called "y".');
    expect(condition.message).toContain('spec.members[1].botRef: Bot "ns/x" not found.');
    expect(condition.message).toContain('spec.quality: the outcome of the workflow is not the answer of one');
  });

  it.each<{ reason: string; collaboration?: Collaboration; want: string; text: string }>([
    { reason: 'which is not there', want: 'CollaborationNotFound', text: 'Collaboration "ns/c" not found.' },
    {
      reason: 'which is not ready',
      collaboration: { ...ready([{ name: 'a', participants: ['coder'] }]), status: {} },
      want: 'CollaborationNotReady',
      text: 'Collaboration "ns/c" is not ready.',
    },
    {
      reason: 'with a stranger',
      collaboration: ready([{ name: 'a', participants: ['coder', 'x'] }]),
      want: 'UnknownParticipant',
      text: 'spec.steps[0].participants[1]: no member of the Team is "x"',
    },
    {
      reason: 'that fits',
      collaboration: ready([{ name: 'a', participants: ['coder'] }]),
      want: 'MembersReady',
      text: '',
    },
  ])('$reason', ({ collaboration, want, text }) => {
    const botOf = ({ botRef }: TeamMember) => bots[botRef.name];
    const condition = planTeam(named, { botOf, collaboration, supported: ['workflow'] });
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(text);
  });
});

describe('a pinned Team', () => {
  const pinned: Team = {
    ...team([member('absent')]),
    spec: { ...team([member('absent')]).spec, revision: 'r' },
  };
  const revisionOf = (name: string): TaskRevision => ({
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'TaskRevision', metadata: { name: 'r' } },
    spec: { teamRef: { name, namespace: 'ns' }, mode: 'solo', nodes: [] },
  });

  it.each([
    ['is ready though a member is gone', revisionOf('t'), 'RevisionPinned', 'TaskRevision "r"'],
    ['misses its TaskRevision', undefined, 'RevisionNotFound', 'TaskRevision "ns/r" not found.'],
    ['has that of another one', revisionOf('other'), 'RevisionNotFound', 'is not one of this Team.'],
  ])('%s', (_reason, revision, want, text) => {
    const around = { botOf: () => undefined, collaboration: undefined, supported: ['pipeline'] };
    const condition = planTeam(pinned, { ...around, revision });
    expect(condition.reason).toBe(want);
    expect(condition.message).toContain(text);
  });
});
