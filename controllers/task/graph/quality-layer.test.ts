import { describe, expect, it } from 'vitest';
import type { CollaborationStep } from '#api/types/generated/collaboration';
import type { TeamMember } from '#api/types/generated/team';
import { COLLABORATION_MODELS } from './collaboration-models.ts';

const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({
  botRef: { name: 'b' },
  name,
  ...more,
});

describe('a Team that asks for quality', () => {
  it('those who judge do not work; defaults are in the frozen program', () => {
    const plan = COLLABORATION_MODELS['pipeline']?.({
      team: {
        collaborationModel: 'pipeline',
        members: [member('ann'), member('rex'), member('ben'), member('judge')],
        quality: {
          vote: { voters: ['rex'] },
          review: { reviewer: 'rex', maxCorrections: 5, onRejected: 'Accept' },
          evaluate: { judge: 'judge', criteria: [{ name: 'right' }] },
        },
      },
    });
    expect(plan).toMatchObject({
      nodes: [{ name: 'ann' }, { name: 'ben' }],
      members: { rex: member('rex'), judge: member('judge') },
    });
    expect(plan).toHaveProperty('program', {
      kind: 'quality',
      gates: [
        {
          ...{ kind: 'evaluate', judge: 'judge', criteria: [{ name: 'right', weight: 1 }], threshold: 0.7 },
          ...{ maxCorrections: 3, onRejected: 'Fail' },
        },
        { kind: 'review', reviewer: 'rex', maxCorrections: 5, onRejected: 'Accept' },
        {
          ...{ kind: 'vote', voters: ['rex'], rule: 'Majority', tie: 'Reject' },
          ...{ maxCorrections: 0, onRejected: 'Fail' },
        },
      ],
    });
  });

  it('lies over a program as over known steps', () => {
    const plan = COLLABORATION_MODELS['route']?.({
      team: {
        collaborationModel: 'route',
        members: [member('boss', { role: 'leader' }), member('ann'), member('rex')],
        quality: { bestOf: { candidates: 3, choosers: ['rex'] } },
      },
    });
    expect(plan).toMatchObject({
      nodes: [],
      members: { boss: {}, ann: {}, rex: {} },
      program: {
        ...{ kind: 'quality', bestOf: { candidates: 3, choosers: ['rex'] }, gates: [] },
        inner: { kind: 'route', leader: 'boss', roster: [{ name: 'ann' }] },
      },
    });
  });

  it('lies over the workflow that a leader plans, too', () => {
    const plan = COLLABORATION_MODELS['workflow']?.({
      executionMode: 'planned',
      team: {
        collaborationModel: 'solo',
        members: [member('boss', { role: 'leader' }), member('ann'), member('rex')],
        quality: { review: { reviewer: 'rex' } },
      },
    });
    expect(plan).toMatchObject({
      members: { ann: {}, rex: {} },
      program: { kind: 'quality', inner: { kind: 'workflow', mode: 'planned' }, gates: [{ kind: 'review' }] },
    });
  });

  it('lies over a given workflow whose outcome one participant gives; judges may take part in other steps', () => {
    const plan = (steps: CollaborationStep[]) =>
      COLLABORATION_MODELS['workflow']?.({
        collaboration: { type: 'workflow', steps },
        team: {
          members: [member('ann'), member('rex')],
          collaborationRef: { name: 'c' },
          quality: { review: { reviewer: 'rex' } },
        },
      });
    const draft = { name: 'draft', participants: ['rex'] };
    expect(plan([draft, { name: 'write', participants: ['ann'], dependsOn: ['draft'] }])).toMatchObject({
      members: { ann: {}, rex: {} },
      program: { kind: 'quality', inner: { kind: 'workflow', mode: 'script' }, gates: [{ kind: 'review' }] },
    });
    expect(plan([draft])).toHaveProperty('problem', expect.stringMatching(/^spec[.]quality: "rex" gives/));
    expect(plan([draft, { name: 'write', participants: ['ann'] }])).toHaveProperty(
      'problem',
      expect.stringMatching(/^spec[.]quality: the outcome of the workflow is not the answer of one/),
    );
  });

  it('is not begun when it does not fit', () => {
    const team = { members: [member('ann')], quality: { review: { reviewer: 'rex' } } };
    expect(COLLABORATION_MODELS['solo']?.({ team: { collaborationModel: 'solo', ...team } })).toEqual({
      problem: 'spec.quality.review.reviewer: no member is called "rex".',
    });
  });
});
