import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idsOf, historyOf, madeUpRevision, play, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import { unfoldRoute } from './route.ts';
import type { RouteProgram } from './route.ts';

const PROGRAM: RouteProgram = {
  kind: 'route',
  leader: 'boss',
  roster: [{ name: 'coder', description: 'writes code' }, { name: 'writer' }, { name: 'general' }],
  editAnswer: false,
};
const MEMBERS = {
  boss: {},
  coder: {},
  writer: { agent: { botName: 'w', systemPrompt: 'You write\nprose.\n\nMore of it.' } },
  general: {},
};

const choice = (member: string, instructions = ''): Ends => ({
  route: { output: { member, reason: 'it fits', instructions } },
});

function unfolded(ends: Ends, more: Partial<RouteProgram> = {}) {
  const revision = madeUpRevision({ ...PROGRAM, ...more }, MEMBERS);
  return unfoldRoute({ revision, history: historyOf(ends) });
}

describe('a Team that routes', () => {
  it('asks its leader for one of the members who are there, and tells what each is good at', () => {
    const { coder: _, ...present } = MEMBERS;
    const revision = madeUpRevision(PROGRAM, present);
    const { inputs, outputSchema } = runOf(unfoldRoute({ revision, history: historyOf({}) }), 'route');
    expect(inputs).toMatchObject({ taskPrompt: true });
    expect(inputs.text).toContain('- writer: You write prose.\n- general');
    expect(outputSchema).toMatchObject({ properties: { member: { enum: ['writer', 'general', 'nobody'] } } });
  });

  it.each([
    { reason: 'no decision yet', ends: {}, nodes: ['route'] },
    { reason: 'the member works', ends: choice('coder'), nodes: ['route', 'work'] },
    {
      reason: 'nobody fits, and there is no fallback',
      ends: choice('nobody'),
      nodes: ['route'],
      failure: 'NobodyChosen: the leader names no member: it fits',
    },
    {
      reason: 'nobody fits: the fallback works',
      ends: choice('nobody'),
      fallback: 'general',
      nodes: ['route', 'work'],
    },
    {
      reason: 'a member that is not there',
      ends: choice('stranger'),
      nodes: ['route'],
      failure: 'InvalidDecision: the leader names a member that is not there.',
    },
    {
      reason: 'an answer that is no decision',
      ends: { route: { failed: 'OutputInvalid: no JSON' } },
      nodes: ['route'],
      failure: 'InvalidDecision: OutputInvalid: no JSON',
    },
    {
      reason: 'a run of the leader that fails is told as that of a step',
      ends: { route: { failed: 'AgentFailed: x' } },
      nodes: ['route'],
    },
    {
      reason: 'a leader that fails, with a fallback',
      ends: { route: { failed: 'AgentFailed: x' } },
      fallback: 'general',
      nodes: ['route', 'work'],
    },
    {
      reason: 'a member that fails, with a fallback',
      ends: { ...choice('coder'), work: { failed: 'AgentFailed: x' } },
      fallback: 'general',
      nodes: ['route', 'work', 'fallback'],
    },
    {
      reason: 'a fallback that fails itself',
      ends: { ...choice('general'), work: { failed: 'AgentFailed: x' } },
      fallback: 'general',
      nodes: ['route', 'work'],
    },
  ])('$reason', ({ ends, nodes, fallback, failure }) => {
    const now = unfolded(ends, fallback === undefined ? {} : { fallback });
    expect(idsOf(now)).toEqual(nodes);
    expect(now.failure).toBe(failure);
  });

  it('gives the member the prompt of the Task and the words of the leader', () => {
    expect(runOf(unfolded(choice('coder', 'Use Go.')), 'work')).toMatchObject({
      name: 'coder',
      inputs: { taskPrompt: true, text: 'Use Go.' },
    });
  });

  it.each([
    {
      reason: 'in its session',
      sessionId: 's1',
      want: { session: { from: 'route' }, inputs: { taskPrompt: false } },
    },
    {
      reason: 'without a session it is told all',
      sessionId: undefined,
      want: { inputs: { taskPrompt: true } },
    },
  ])('lets the leader edit the answer: $reason', ({ sessionId, want }) => {
    const decision = {
      output: { member: 'coder', reason: '', instructions: '' },
      ...(sessionId && { sessionId }),
    };
    const now = unfolded({ route: decision, work: { value: 'done' } }, { editAnswer: true });
    const edit = runOf(now, 'edit');
    expect(edit).toMatchObject({ name: 'boss', policy: { onFailure: 'Continue' }, ...want });
    expect(edit.inputs.results).toEqual([{ from: 'work', label: 'Answer of coder' }]);
    expect(now.author).toBe('work');
  });

  it('comes to an end whatever leader and members do', () => {
    const member = fc.constantFrom('coder', 'writer', 'general', 'nobody', 'stranger', 7);
    const end = fc.oneof(
      fc.record({ failed: fc.constantFrom('OutputInvalid: x', 'AgentFailed: x') }),
      fc.record({
        output: fc.oneof(
          fc.anything(),
          fc.record({ member, reason: fc.string(), instructions: fc.string() }),
        ),
      }),
    );
    const fallback = fc.option(fc.constantFrom('coder', 'general'), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(end, { minLength: 4, maxLength: 4 }),
        fallback,
        fc.boolean(),
        (ends, named, editAnswer) => {
          const program = { ...PROGRAM, editAnswer, ...(named === undefined ? {} : { fallback: named }) };
          const left = [...ends];
          const { unfolded: last } = play(unfoldRoute, madeUpRevision(program, MEMBERS), {
            pick: () => 0,
            end: () => left.shift() ?? { value: '' },
          });
          const works = last.nodes.filter(({ id }) => id === 'work' || id === 'fallback');
          expect(new Set(works.map(({ name }) => name)).size).toBe(works.length);
          expect(last.nodes.length).toBeLessThanOrEqual(4);
        },
      ),
    );
  });
});
