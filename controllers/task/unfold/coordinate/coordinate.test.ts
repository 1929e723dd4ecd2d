import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyOf, idsOf, madeUpRevision, play, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import { unfoldCoordinate } from './coordinate.ts';
import type { CoordinateProgram } from './program.ts';

const PROGRAM: CoordinateProgram = {
  kind: 'coordinate',
  leader: 'boss',
  roster: [{ name: 'ann' }, { name: 'ben' }],
  maxRounds: 2,
  maxAssignments: 4,
  parallelism: 2,
  onMemberFailure: 'Skip',
  memberRetries: 0,
};
const MEMBERS = { boss: {}, ann: {}, ben: {} };
const TALKS = { usesWorkspace: false };

type Given = [member: string, task: string, continues?: string];

const assign = (...orders: Given[]) => ({
  output: {
    assignments: orders.map(([member, task, continues = '']) => ({ member, task, continues })),
    answer: '',
  },
});
const answer = (text: string) => ({ output: { assignments: [], answer: text } });
const DONE = { value: 'done' };

function unfolded(
  ends: Ends,
  more: Partial<CoordinateProgram> = {},
  members = MEMBERS as Parameters<typeof madeUpRevision>[1],
) {
  return unfoldCoordinate({
    revision: madeUpRevision({ ...PROGRAM, ...more }, members),
    history: historyOf(ends),
  });
}

const SPLIT = { 'lead-1': assign(['ann', 'a'], ['ben', 'b'], ['ann', 'c']) };

describe('a Team that coordinates', () => {
  it.each([
    { reason: 'the leader is asked', ends: {}, nodes: ['lead-1'] },
    { reason: 'it answers itself', ends: { 'lead-1': answer('x') }, nodes: ['lead-1'], answer: 'x' },
    { reason: 'two work at a time', ends: SPLIT, nodes: ['lead-1', 'work-1-1', 'work-1-2'] },
    {
      reason: 'the third when one has ended',
      ends: { ...SPLIT, 'work-1-2': DONE },
      nodes: ['lead-1', 'work-1-1', 'work-1-2', 'work-1-3'],
    },
    {
      reason: 'the leader when all have',
      ends: { ...SPLIT, 'work-1-1': DONE, 'work-1-2': { failed: 'AgentFailed: x' }, 'work-1-3': DONE },
      nodes: ['lead-1', 'work-1-1', 'work-1-2', 'work-1-3', 'lead-2'],
    },
    {
      reason: 'one that failed runs again',
      ends: { 'lead-1': assign(['ann', 'a']), 'work-1-1': { failed: 'x' } },
      more: { memberRetries: 1 },
      nodes: ['lead-1', 'work-1-1', 'work-1-1-retry-1'],
    },
    {
      reason: 'as often as it may',
      ends: {
        'lead-1': assign(['ann', 'a']),
        'work-1-1': { failed: 'x' },
        'work-1-1-retry-1': { failed: 'y' },
      },
      more: { memberRetries: 1 },
      nodes: ['lead-1', 'work-1-1', 'work-1-1-retry-1', 'lead-2'],
    },
    {
      reason: 'work given twice at once is done once',
      ends: { 'lead-1': assign(['ann', 'a'], ['ann', ' a ']) },
      nodes: ['lead-1', 'work-1-1'],
    },
    {
      reason: 'neither work nor an answer: asked once more',
      ends: { 'lead-1': answer(' ') },
      nodes: ['lead-1', 'lead-1-again'],
    },
    {
      reason: 'and not a third time',
      ends: { 'lead-1': answer(''), 'lead-1-again': assign(['ann', '']) },
      nodes: ['lead-1', 'lead-1-again'],
      failure:
        "InvalidDecision: the leader's decision cannot be carried out. assignments[0]: It has no task.",
    },
    {
      reason: 'an answer that is no decision',
      ends: { 'lead-1': { failed: 'OutputInvalid: no JSON' } },
      nodes: ['lead-1'],
      failure: 'InvalidDecision: OutputInvalid: no JSON',
    },
    {
      reason: 'another failure is that of the step',
      ends: { 'lead-1': { failed: 'Timeout' } },
      nodes: ['lead-1'],
    },
    {
      reason: 'more assignments than it may give',
      ends: { 'lead-1': assign(['ann', 'a'], ['ann', 'b'], ['ann', 'c'], ['ann', 'd'], ['ann', 'e']) },
      nodes: ['lead-1', 'lead-1-again'],
    },
    {
      reason: 'the same work again',
      ends: {
        ...SPLIT,
        'work-1-1': DONE,
        'work-1-2': DONE,
        'work-1-3': DONE,
        'lead-2': assign(['ben', 'b']),
      },
      nodes: ['lead-1', 'work-1-1', 'work-1-2', 'work-1-3', 'lead-2'],
      failure: 'LeaderLoops: in round 2 the leader gives only work that is done already.',
    },
    {
      reason: 'work that failed may be given again',
      ends: {
        ...{ 'lead-1': assign(['ann', 'a'], ['ben', 'b']), 'work-1-1': { failed: 'x' }, 'work-1-2': DONE },
        'lead-2': assign(['ann', 'a'], ['ben', 'b']),
      },
      nodes: ['lead-1', 'work-1-1', 'work-1-2', 'lead-2', 'work-2-1'],
    },
  ])('$reason', ({ ends, more = {}, nodes, answer: text, failure }) => {
    const now = unfolded(ends, more);
    expect(idsOf(now)).toEqual(nodes);
    expect(now.failure).toBe(failure);
    expect(now.answer).toBe(text);
  });

  it('after its rounds the leader can only answer, and the Task fails when it does not', () => {
    const ends: Ends = {
      ...{
        'lead-1': assign(['ann', 'a']),
        'work-1-1': DONE,
        'lead-2': assign(['ben', 'b']),
        'work-2-1': DONE,
      },
    };
    const third = runOf(unfolded(ends), 'lead-3');
    expect(Object.keys(third.outputSchema?.['properties'] as object)).toEqual(['answer']);
    const exhausted = unfolded({ ...ends, 'lead-3': { failed: 'OutputInvalid: x' } });
    expect(exhausted.failure).toBe('RoundsExhausted: OutputInvalid: x');
  });

  it('a failure that must not be ends the Task', () => {
    const now = unfolded(SPLIT, { onMemberFailure: 'Fail' });
    expect(runOf(now, 'work-1-1').policy.onFailure).toBe('FailTask');
    expect(
      runOf(unfolded(SPLIT, { onMemberFailure: 'Fail', memberRetries: 1 }), 'work-1-1').policy.onFailure,
    ).toBe('Continue');
  });

  it('a member gets its task alone, on a branch of its own that begins with the files of the leader', () => {
    expect(runOf(unfolded(SPLIT), 'work-1-2')).toMatchObject({
      ...{ name: 'ben', inputs: { taskPrompt: false, text: 'b', results: [] } },
      workspace: { from: 'lead-1', ownBranch: true },
    });
  });

  it('the leader goes on in its session with the news, or is told the whole story', () => {
    const ends: Ends = {
      'lead-1': { ...assign(['ann', 'a'], ['ben', 'b']), sessionId: 's' },
      ...{ 'work-1-1': DONE, 'work-1-2': { failed: 'AgentFailed: it broke' } },
    };
    const inSession = runOf(unfolded(ends), 'lead-2');
    expect(inSession).toMatchObject({ session: { from: 'lead-1' }, inputs: { taskPrompt: false } });
    expect(inSession.inputs.text).toContain('work-1-2 (ben): b\n  It failed: AgentFailed: it broke');
    expect(inSession.inputs.results).toEqual([{ from: 'work-1-1', label: 'Answer of work-1-1 (ann)' }]);
    const told = runOf(unfolded({ ...ends, 'lead-1': assign(['ann', 'a'], ['ben', 'b']) }), 'lead-2');
    expect(told.session).toBeUndefined();
    expect(told.inputs).toMatchObject({
      taskPrompt: true,
      text: expect.stringContaining('You lead a team') as string,
    });
  });

  it('with one line of work the leader and the next member go on with its files', () => {
    const ends: Ends = { 'lead-1': { ...assign(['ann', 'a']), sessionId: 's' }, 'work-1-1': DONE };
    const second = runOf(unfolded(ends), 'lead-2');
    expect(second.workspace).toMatchObject({ from: 'work-1-1' });
    expect(second.session, 'a session lies beside its own files').toBeUndefined();
    const talks = unfolded(ends, {}, { ...MEMBERS, boss: TALKS });
    expect(runOf(talks, 'lead-2')).toMatchObject({
      session: { from: 'lead-1' },
      workspace: { from: 'work-1-1' },
    });
  });

  it('an assignment can go on from an earlier one: its files, and with the same member its session', () => {
    const ends: Ends = {
      ...{
        'lead-1': assign(['ann', 'a'], ['ben', 'b']),
        'work-1-1': { ...DONE, sessionId: 's' },
        'work-1-2': DONE,
      },
      'lead-2': assign(['ann', 'more', 'work-1-1'], ['ben', 'check', 'work-1-1']),
    };
    const now = unfolded(ends);
    expect(runOf(now, 'work-2-1')).toMatchObject({
      session: { from: 'work-1-1' },
      workspace: { from: 'work-1-1' },
    });
    expect(runOf(now, 'work-2-2')).toMatchObject({
      ...{ workspace: { from: 'work-1-1' }, inputs: { results: [{ from: 'work-1-1' }] } },
    });
    expect(runOf(now, 'work-2-2').session).toBeUndefined();
  });
});

describe('whatever a leader and its members do', () => {
  const member = fc.constantFrom('ann', 'ben', 'stranger');
  const order = fc.record({
    member,
    task: fc.constantFrom('a', 'b', 'c', ''),
    continues: fc.constantFrom('', 'work-1-1', 'work-1-2', 'work-9-9'),
  });
  const decision = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        assignments: fc.array(order, { maxLength: 4 }),
        answer: fc.constantFrom('', 'x'),
      }),
    },
    { weight: 1, arbitrary: fc.anything() },
  );
  const leaderEnd = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record(
        { output: decision, sessionId: fc.constantFrom('s') },
        { requiredKeys: ['output'] },
      ),
    },
    { weight: 1, arbitrary: fc.record({ failed: fc.constantFrom('OutputInvalid: x', 'AgentFailed: x') }) },
  );
  const memberEnd = fc.oneof(
    fc.record({ value: fc.string(), sessionId: fc.constantFrom('s') }, { requiredKeys: ['value'] }),
    fc.record({ failed: fc.constant('AgentFailed: x') }),
  );
  const program = fc.record({
    maxRounds: fc.integer({ min: 1, max: 4 }),
    maxAssignments: fc.integer({ min: 1, max: 6 }),
    parallelism: fc.integer({ min: 1, max: 3 }),
    onMemberFailure: fc.constantFrom('Fail' as const, 'Skip' as const),
    memberRetries: fc.nat({ max: 2 }),
  });

  it('the Task ends within its limits, and no work is done twice', () => {
    fc.assert(
      fc.property(
        program,
        fc.array(leaderEnd, { maxLength: 12 }),
        fc.array(memberEnd, { maxLength: 30 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        fc.tuple(fc.boolean(), fc.boolean()),
        (more, leads, works, picks, [bossUses, annUses]) => {
          const members = { boss: { usesWorkspace: bossUses }, ann: { usesWorkspace: annUses }, ben: {} };
          let atOnce = 0;
          const played = play(unfoldCoordinate, madeUpRevision({ ...PROGRAM, ...more }, members), {
            pick: (count) => {
              atOnce = Math.max(atOnce, count);
              return picks.pop() ?? 0;
            },
            end: ({ name }) => (name === 'boss' ? (leads.pop() ?? answer('end')) : (works.pop() ?? DONE)),
          });
          const { nodes } = played.unfolded;
          const given = nodes.filter(({ id }) => /^work-\d+-\d+$/.test(id));
          expect(atOnce).toBeLessThanOrEqual(more.parallelism);
          expect(given.length).toBeLessThanOrEqual(more.maxAssignments);
          expect(nodes.filter(({ id }) => id.startsWith('lead-')).length).toBeLessThanOrEqual(
            2 * (more.maxRounds + 1),
          );
          for (const { id } of given) {
            const runs = nodes.filter((one) => one.id === id || one.id.startsWith(`${id}-retry-`));
            const good = runs.filter((one) => 'value' in (played.ends[one.id] ?? {}));
            expect(good.length).toBeLessThanOrEqual(1);
            expect(runs.length).toBeLessThanOrEqual(1 + more.memberRetries);
          }
          const isOver =
            played.unfolded.answer !== undefined ||
            played.unfolded.failure !== undefined ||
            played.failed !== undefined;
          expect(isOver, 'every end has a reason').toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });
});
