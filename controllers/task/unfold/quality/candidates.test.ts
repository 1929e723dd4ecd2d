import { describe, expect, it } from 'vitest';
import { line } from '../../graph/made-up.ts';
import type { Revision } from '../../revision/revision.ts';
import { PROGRAMS } from '../programs.ts';
import { historyOf, idsOf, madeUpRevision, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import type { Unfolded } from '../unfold.ts';
import type { Gate, QualityProgram } from './program.ts';
import { unfoldQuality } from './quality.ts';

const JUDGES = { ann: {}, ben: {}, cyd: {} };
const REVIEW: Gate = { kind: 'review', reviewer: 'ann', maxCorrections: 1, onRejected: 'Fail' };
const grow = PROGRAMS['quality'] ?? unfoldQuality({});
const refuse = (guidance: string) => ({ output: { accept: false, guidance } });

/** A pipeline of two. */
function revisionOf(program: Partial<QualityProgram>): Revision {
  const complete: QualityProgram = { kind: 'quality', gates: [], ...program };
  return { ...madeUpRevision(complete, JUDGES), nodes: line({ name: 'dev' }, { name: 'doc' }) };
}

function unfolded(ends: Ends, program: Partial<QualityProgram>): Unfolded {
  return grow({ revision: revisionOf(program), history: historyOf(ends) });
}

describe('the best of several', () => {
  const bestOf = { candidates: 2, choosers: ['ann', 'ben'] };
  const both: Ends = {
    ...{ 'c1-s0': { value: 'a' }, 'c1-s1': { value: 'A' }, 'c2-s0': { value: 'b' }, 'c2-s1': { value: 'B' } },
  };
  const choose = (choice: unknown) => ({ output: { choice, reason: 'it is' } });
  const COPIES = ['c1-s0', 'c1-s1', 'c2-s0', 'c2-s1'];

  it.each([
    { reason: 'each does the whole work', ends: {}, nodes: COPIES },
    { reason: 'members choose when all have ended', ends: both, nodes: [...COPIES, 'choice-1', 'choice-2'] },
    {
      reason: 'most votes win',
      ends: { ...both, 'choice-1': choose(2), 'choice-2': choose(2) },
      nodes: [...COPIES, 'choice-1', 'choice-2'],
      answer: 'B',
    },
    {
      reason: 'of two with as many votes, the first',
      ends: { ...both, 'choice-1': choose(2), 'choice-2': choose(1) },
      nodes: [...COPIES, 'choice-1', 'choice-2'],
      answer: 'A',
    },
    {
      reason: 'a vote for none of them does not count',
      ends: { ...both, 'choice-1': choose(7), 'choice-2': choose(2) },
      nodes: [...COPIES, 'choice-1', 'choice-2'],
      answer: 'B',
    },
    {
      reason: 'nobody chooses',
      ends: { ...both, 'choice-1': { failed: 'x' }, 'choice-2': choose('1') },
      nodes: [...COPIES, 'choice-1', 'choice-2'],
      failure: 'NoChoice: nobody has chosen a candidate (ann: x; ben: it names no candidate).',
    },
    {
      reason: 'one that fails is out, and the only other one needs no choice',
      ends: { ...both, 'c1-s0': { failed: 'x' }, 'c1-s1': { failed: 'Skipped' } },
      nodes: COPIES,
      answer: 'B',
    },
    {
      reason: 'all fail',
      ends: { ...both, 'c1-s0': { failed: 'x' }, 'c2-s1': { failed: 'x' } },
      nodes: COPIES,
      failure: 'NoCandidate: the runs of all candidates failed.',
    },
  ])('$reason', ({ ends, nodes, answer, failure }) => {
    const now = unfolded(ends, { bestOf });
    expect(idsOf(now)).toEqual(nodes);
    expect(now.failure).toBe(failure);
    expect(now.answer).toBe(answer);
  });

  it('a failure is that of a candidate alone', () => {
    const node = runOf(unfolded({}, { bestOf }), 'c2-s1');
    expect(node).toMatchObject({
      needs: ['c2-s0'],
      on: { 'c2-s0': 'success' },
      workspace: { from: 'c2-s0' },
    });
    expect(node.policy.onFailure).toBe('Continue');
  });

  it('the chosen one passes the gates', () => {
    const ends = { ...both, 'choice-1': choose(2), 'choice-2': choose(2), 'v1-review': refuse('x') };
    const now = unfolded(ends, { bestOf, gates: [REVIEW] });
    expect(runOf(now, 'v1-review').workspace).toMatchObject({ from: 'c2-s1' });
    expect(runOf(now, 'v2')).toMatchObject({ name: 'doc', workspace: { from: 'c2-s1' } });
  });
});
