import { describe, expect, it } from 'vitest';
import type { TeamMember } from '#api/types/generated/team';
import { COLLABORATION_MODELS, pipeline, solo } from './collaboration-models.ts';
import { validateGraph } from './graph.ts';

const member = (name: string, more: Partial<TeamMember> = {}): TeamMember => ({ botRef: { name }, ...more });
const team = (...members: TeamMember[]) => ({
  team: { members, collaborationModel: 'pipeline' as const },
});

describe('solo', () => {
  it.each([
    { reason: 'the leader', members: [member('a'), member('b', { role: 'leader' })], want: 'leader' },
    { reason: 'without a leader the first', members: [member('a'), member('b')], want: 'a' },
  ])('$reason, alone', ({ members, want }) => {
    expect(solo(team(...members)).nodes).toMatchObject([{ id: 's0', name: want, needs: [] }]);
  });
});

describe('pipeline', () => {
  it('each needs the one before, works on its files and hears what it is to hear', () => {
    const members = [
      member('a', { name: 'write', contextPassing: 'previous_bot' }),
      member('b', { role: 'check', requireConfirmation: true }),
      member('c', { contextPassing: 'original_and_previous' }),
    ];
    expect(pipeline(team(...members)).nodes).toEqual([
      {
        id: 's0',
        name: 'write',
        needs: [],
        inputs: { taskPrompt: true, results: [] },
        policy: { requireConfirmation: false, onFailure: 'FailTask' },
        workspace: {},
        member: members[0],
      },
      {
        id: 's1',
        name: 'check',
        needs: ['s0'],
        inputs: { taskPrompt: false, results: [{ from: 's0', label: 'Result of the step before, write' }] },
        policy: { requireConfirmation: true, onFailure: 'FailTask' },
        workspace: { from: 's0' },
        member: members[1],
      },
      {
        id: 's2',
        name: 'c',
        needs: ['s1'],
        inputs: { taskPrompt: false, results: [] },
        policy: { requireConfirmation: false, onFailure: 'FailTask' },
        workspace: { from: 's1' },
        member: members[2],
      },
    ]);
  });
});

describe('every collaboration model', () => {
  it.each(Object.entries(COLLABORATION_MODELS))('%s makes a graph of the longest Team', (_name, model) => {
    const sources = team(...Array.from({ length: 100 }, (_, index) => member(`m${index}`)));
    const steps = [{ name: 'a', participants: ['m0'] }];
    const draft = model({ ...sources, collaboration: { type: 'workflow', steps } });
    expect('nodes' in draft && validateGraph(draft.nodes)).toBeUndefined();
  });
});
