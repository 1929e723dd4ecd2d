import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { historyOf, idsOf, madeUpRevision, play, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import { unfoldCollaborate } from './collaborate.ts';
import type { CollaborateProgram } from './program.ts';

const PROGRAM: CollaborateProgram = {
  kind: 'collaborate',
  speakers: ['ann', 'ben'],
  maxRounds: 2,
  order: 'Sequential',
  onNoAgreement: 'Conclude',
};
const MEMBERS = { boss: {}, ann: {}, ben: {} };

const say = (message: string, agree: boolean) => ({ output: { message, agree } });
const AGREED: Ends = { 'say-1-1': say('A', true), 'say-1-2': say('B', true) };
const DIFFER: Ends = {
  'say-1-1': say('A', true),
  'say-1-2': say('B', false),
  'say-2-1': say('C', false),
  'say-2-2': say('D', true),
};

function unfolded(ends: Ends, more: Partial<CollaborateProgram> = {}) {
  return unfoldCollaborate({
    revision: madeUpRevision({ ...PROGRAM, ...more }, MEMBERS),
    history: historyOf(ends),
  });
}

describe('a Team that collaborates', () => {
  it.each([
    { reason: 'one after the other', ends: {}, nodes: ['say-1-1'] },
    { reason: 'all at once', ends: {}, more: { order: 'Parallel' as const }, nodes: ['say-1-1', 'say-1-2'] },
    {
      reason: 'agreement ends it, with what was said last',
      ends: AGREED,
      nodes: ['say-1-1', 'say-1-2'],
      answer: 'ann: A\n\nben: B',
    },
    {
      reason: 'a leader concludes',
      ends: AGREED,
      more: { leader: 'boss' },
      nodes: ['say-1-1', 'say-1-2', 'conclude'],
    },
    {
      reason: 'rounds used up: what was said last',
      ends: DIFFER,
      nodes: ['say-1-1', 'say-1-2', 'say-2-1', 'say-2-2'],
      answer: 'ann: C\n\nben: D',
    },
    {
      reason: 'rounds used up, and agreement is asked for',
      ends: DIFFER,
      more: { onNoAgreement: 'Fail' as const },
      nodes: ['say-1-1', 'say-1-2', 'say-2-1', 'say-2-2'],
      failure: 'NoAgreement: the members have not agreed within 2 rounds.',
    },
    {
      reason: 'one who cannot speak holds nobody up',
      ends: { 'say-1-1': { failed: 'AgentFailed: x' }, 'say-1-2': say('B', true) },
      nodes: ['say-1-1', 'say-1-2'],
      answer: 'ben: B',
    },
    {
      reason: 'nobody can speak',
      ends: { 'say-1-1': { failed: 'x' }, 'say-1-2': { failed: 'x' } },
      nodes: ['say-1-1', 'say-1-2'],
      failure: 'NobodySpoke: in round 1 the runs of all members failed.',
    },
  ])('$reason', ({ ends, more = {}, nodes, answer, failure }) => {
    const now = unfolded(ends, more);
    expect(idsOf(now)).toEqual(nodes);
    expect(now).toMatchObject({
      ...(answer === undefined ? {} : { answer }),
      ...(failure === undefined ? {} : { failure }),
    });
  });

  it('tells each what was said, and hands the files on', () => {
    const ben = runOf(unfolded({ 'say-1-1': say('A', false) }), 'say-1-2');
    expect(ben.inputs.text).toContain('ann (round 1): A');
    expect(ben.workspace).toMatchObject({ from: 'say-1-1' });
    const again = runOf(unfolded(DIFFER, { order: 'Parallel' }), 'say-2-2');
    expect(again.inputs.text).toContain('ben (round 1): B');
    expect(again.inputs.text).not.toContain('C');
    expect(again.workspace).toMatchObject({ from: 'say-1-2', ownBranch: true });
  });

  it('comes to an end within its rounds, whatever the members say', () => {
    const end = fc.oneof(
      fc.record({ failed: fc.constantFrom('OutputInvalid: x', 'AgentFailed: x') }),
      fc.record({ output: fc.record({ message: fc.string(), agree: fc.boolean() }) }),
      fc.record({ output: fc.anything() }),
    );
    const program = fc.record({
      order: fc.constantFrom('Sequential' as const, 'Parallel' as const),
      onNoAgreement: fc.constantFrom('Conclude' as const, 'Fail' as const),
      maxRounds: fc.integer({ min: 1, max: 4 }),
      leader: fc.constantFrom('boss'),
    });
    fc.assert(
      fc.property(
        program,
        fc.array(end, { maxLength: 9 }),
        fc.array(fc.nat(), { maxLength: 9 }),
        (more, ends, picks) => {
          const revision = madeUpRevision({ ...PROGRAM, ...more }, MEMBERS);
          const { unfolded: last } = play(unfoldCollaborate, revision, {
            pick: () => picks.pop() ?? 0,
            end: () => ends.pop() ?? say('x', false),
          });
          expect(last.nodes.length).toBeLessThanOrEqual(2 * more.maxRounds + 1);
        },
      ),
    );
  });
});
