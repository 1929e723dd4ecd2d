import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRunNode } from '../../graph/graph.ts';
import type { PlannedNode } from '../../graph/graph.ts';
import { line } from '../../graph/made-up.ts';
import type { Revision } from '../../revision/revision.ts';
import { unfoldCoordinate } from '../coordinate/coordinate.ts';
import { PROGRAMS } from '../programs.ts';
import { historyOf, idsOf, madeUpRevision, play, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import type { Unfolded } from '../unfold.ts';
import type { Gate, QualityProgram } from './program.ts';
import { unfoldQuality } from './quality.ts';

const JUDGES = { ann: {}, ben: {}, cyd: {} };
const LIMITS = { maxCorrections: 1, onRejected: 'Fail' } as const;
const REVIEW: Gate = { kind: 'review', reviewer: 'ann', ...LIMITS };
const VOTE: Gate = {
  ...{ kind: 'vote', voters: ['ann', 'ben', 'cyd'], rule: 'Majority', tie: 'Reject' },
  ...{ maxCorrections: 0, onRejected: 'Fail' },
};
const EVALUATE: Gate = {
  ...{ kind: 'evaluate', judge: 'ann', threshold: 0.7, ...LIMITS },
  criteria: [
    { name: 'right', weight: 3 },
    { name: 'short', description: 'Few words.', weight: 1 },
  ],
};
const APPROVAL: Gate = { kind: 'approval', message: 'Fine?', ...LIMITS };
const SCRIPT: Gate = { kind: 'script', script: { run: 'make test' }, threshold: 0.5, ...LIMITS };

/** A pipeline of two, with these gates. */
function revisionOf(
  program: Partial<QualityProgram>,
  nodes: PlannedNode[] = line({ name: 'dev' }, { name: 'doc' }),
): Revision {
  return { ...madeUpRevision({ kind: 'quality', gates: [], ...program }, JUDGES), nodes };
}

const grow = PROGRAMS['quality'] ?? unfoldQuality({});

function unfolded(ends: Ends, program: Partial<QualityProgram>): Unfolded {
  return grow({ revision: revisionOf(program), history: historyOf(ends) });
}

const WORK: Ends = { s0: { value: 'code' }, s1: { value: 'text', sessionId: 's' } };
const accept = { output: { accept: true, guidance: '' } };
const refuse = (guidance: string) => ({ output: { accept: false, guidance } });
const scores = (right: number, short: number) => ({
  output: { scores: { right, short }, guidance: 'Shorter.' },
});

describe('the gates of an answer', () => {
  it.each([
    { reason: 'wait for the work', ends: { s0: { value: 'code' } }, gates: [REVIEW], nodes: ['s0', 's1'] },
    { reason: 'a review', ends: WORK, gates: [REVIEW], nodes: ['s0', 's1', 'v1-review'] },
    {
      reason: 'a review that accepts',
      ends: { ...WORK, 'v1-review': accept },
      gates: [REVIEW],
      nodes: ['s0', 's1', 'v1-review'],
      answer: 'text',
    },
    {
      reason: 'a review that sends back',
      ends: { ...WORK, 'v1-review': refuse('x') },
      gates: [REVIEW],
      nodes: ['s0', 's1', 'v1-review', 'v2'],
    },
    {
      reason: 'what was corrected is reviewed again',
      ends: { ...WORK, 'v1-review': refuse('x'), v2: { value: 'better' } },
      gates: [REVIEW],
      nodes: ['s0', 's1', 'v1-review', 'v2', 'v2-review'],
      answer: 'better',
    },
    {
      reason: 'corrections have a limit',
      ends: { ...WORK, 'v1-review': refuse('x'), v2: { value: 'better' }, 'v2-review': refuse('y') },
      gates: [REVIEW],
      nodes: ['s0', 's1', 'v1-review', 'v2', 'v2-review'],
      answer: 'better',
      failure: 'ReviewRejected: the answer was not accepted after a correction. y',
    },
    {
      reason: 'and then it may be taken all the same',
      ends: { ...WORK, 'v1-review': refuse('x'), v2: { value: 'better' }, 'v2-review': refuse('y') },
      gates: [{ ...REVIEW, onRejected: 'Accept' as const }],
      nodes: ['s0', 's1', 'v1-review', 'v2', 'v2-review'],
      answer: 'better',
    },
    {
      reason: 'an answer that is no verdict',
      ends: { ...WORK, 'v1-review': { output: 'fine' } },
      gates: [REVIEW],
      nodes: ['s0', 's1', 'v1-review'],
      answer: 'text',
      failure: 'InvalidVerdict: ann gives no verdict.',
    },
    {
      reason: 'most votes',
      ends: { ...WORK, 'v1-vote-1': accept, 'v1-vote-2': refuse('x'), 'v1-vote-3': accept },
      gates: [VOTE],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
    },
    {
      reason: 'votes against',
      ends: { ...WORK, 'v1-vote-1': refuse('one'), 'v1-vote-2': refuse('two'), 'v1-vote-3': accept },
      gates: [VOTE],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
      failure: 'VoteRejected: the answer was not accepted. ann: one\nben: two',
    },
    {
      reason: 'a tie, since one could not vote',
      ends: { ...WORK, 'v1-vote-1': refuse(''), 'v1-vote-2': { failed: 'x' }, 'v1-vote-3': accept },
      gates: [VOTE],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
      failure: 'VoteRejected: the answer was not accepted.',
    },
    {
      reason: 'a tie that accepts',
      ends: { ...WORK, 'v1-vote-1': refuse(''), 'v1-vote-2': { failed: 'x' }, 'v1-vote-3': accept },
      gates: [{ ...VOTE, tie: 'Accept' as const }],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
    },
    {
      reason: 'unanimity',
      ends: { ...WORK, 'v1-vote-1': accept, 'v1-vote-2': refuse('no'), 'v1-vote-3': accept },
      gates: [{ ...VOTE, rule: 'Unanimity' as const }],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
      failure: 'VoteRejected: the answer was not accepted. ben: no',
    },
    {
      reason: 'too few could vote',
      ends: { ...WORK, 'v1-vote-1': accept, 'v1-vote-2': { failed: 'x' }, 'v1-vote-3': { failed: 'x' } },
      gates: [VOTE],
      nodes: ['s0', 's1', 'v1-vote-1', 'v1-vote-2', 'v1-vote-3'],
      answer: 'text',
      failure: 'NoQuorum: 1 of 3 members have voted (ben: x; cyd: x).',
    },
    {
      reason: 'a score that is high enough',
      ends: { ...WORK, 'v1-evaluate': scores(8, 4) },
      gates: [EVALUATE],
      nodes: ['s0', 's1', 'v1-evaluate'],
      answer: 'text',
    },
    {
      reason: 'a score that is too low',
      ends: { ...WORK, 'v1-evaluate': scores(7, 4) },
      gates: [EVALUATE],
      nodes: ['s0', 's1', 'v1-evaluate', 'v2'],
    },
    {
      reason: 'a script that fails',
      ends: { ...WORK, 'v1-script': { failed: 'ActionFailed: 2 tests failed' } },
      gates: [SCRIPT],
      nodes: ['s0', 's1', 'v1-script', 'v2'],
    },
    {
      reason: 'a script that cannot run',
      ends: { ...WORK, 'v1-script': { failed: 'ErrImagePull: no such image' } },
      gates: [SCRIPT],
      nodes: ['s0', 's1', 'v1-script'],
      answer: 'text',
      failure: 'ErrImagePull: no such image',
    },
    {
      reason: 'a score that a script prints',
      ends: { ...WORK, 'v1-script': { output: { score: 0.4 }, value: 'slow' } },
      gates: [SCRIPT],
      nodes: ['s0', 's1', 'v1-script', 'v2'],
    },
    { reason: 'people are asked', ends: WORK, gates: [APPROVAL], nodes: ['s0', 's1', 'v1-approval'] },
    {
      reason: 'people say yes',
      ends: { ...WORK, 'v1-approval': { value: 'ok' } },
      gates: [APPROVAL],
      nodes: ['s0', 's1', 'v1-approval'],
      answer: 'text',
    },
    {
      reason: 'people say no',
      ends: { ...WORK, 'v1-approval': { failed: 'Rejected: Too long. (ann)' } },
      gates: [APPROVAL],
      nodes: ['s0', 's1', 'v1-approval', 'v2'],
    },
    {
      reason: 'nobody has decided in time',
      ends: { ...WORK, 'v1-approval': { failed: 'ApprovalTimeout: nobody' } },
      gates: [APPROVAL],
      nodes: ['s0', 's1', 'v1-approval'],
      answer: 'text',
      failure: 'ApprovalTimeout: nobody',
    },
    {
      reason: 'one gate after the other, and all of them again after a correction',
      ends: { ...WORK, 'v1-script': { value: '' }, 'v1-review': refuse('x'), v2: { value: 'better' } },
      gates: [SCRIPT, REVIEW],
      nodes: ['s0', 's1', 'v1-script', 'v1-review', 'v2', 'v2-script'],
      answer: 'better',
    },
  ])('$reason', ({ ends, gates, nodes, answer, failure }) => {
    const now = unfolded(ends, { gates });
    expect(idsOf(now)).toEqual(nodes);
    expect(now.failure).toBe(failure);
    if (answer !== undefined) expect(now.answer).toBe(answer);
  });

  it('judges see the answer and have the files on branches of their own', () => {
    expect(runOf(unfolded(WORK, { gates: [VOTE] }), 'v1-vote-2')).toMatchObject({
      ...{ name: 'ben', needs: ['s1'], workspace: { from: 's1', ownBranch: true } },
      inputs: { taskPrompt: true, results: [{ from: 's1', label: 'The answer' }] },
    });
  });

  it.each([
    {
      reason: 'in its session',
      sessionId: 's',
      want: { session: { from: 's1' }, inputs: { taskPrompt: false, results: [] } },
    },
    {
      reason: 'without one it is told all',
      sessionId: undefined,
      want: { inputs: { taskPrompt: true, results: [{ from: 's1' }] } },
    },
  ])('the one who gave the answer corrects it: $reason', ({ sessionId, want }) => {
    const s1 = { value: 'text', ...(sessionId === undefined ? {} : { sessionId }) };
    const now = unfolded({ ...WORK, s1, 'v1-review': refuse('Say why.') }, { gates: [REVIEW] });
    const again = runOf(now, 'v2');
    expect(again).toMatchObject({
      name: 'doc',
      workspace: { from: 's1' },
      needs: ['s1', 'v1-review'],
      ...want,
    });
    expect(again.inputs.text).toContain('Say why.');
  });

  it('people see the answer', () => {
    const node = unfolded(WORK, { gates: [APPROVAL] }).nodes.at(-1);
    expect(node).toMatchObject({ kind: 'wait', wait: { for: 'approval', message: 'Fine?\n\ntext' } });
  });

  it('people see the beginning of a long answer', () => {
    const ends = { ...WORK, s1: { value: 'x'.repeat(3000) } };
    const node = unfolded(ends, { gates: [APPROVAL] }).nodes.at(-1);
    expect(node).toMatchObject({ wait: { message: `Fine?\n\n${'x'.repeat(500)}…` } });
  });

  it('the words of judges are kept', () => {
    const now = unfolded(
      { ...WORK, 'v1-evaluate': scores(8, 4), 'v1-review': accept },
      { gates: [EVALUATE, REVIEW] },
    );
    expect(now.details).toEqual({
      quality: [
        {
          ...{ gate: 'evaluate', version: 1, accepted: true, score: 0.7 },
          opinions: [{ by: 'ann', scores: { right: 8, short: 4 }, words: 'Shorter.' }],
        },
        { gate: 'review', version: 1, accepted: true, opinions: [{ by: 'ann', accepts: true, words: '' }] },
      ],
    });
  });

  it('a leader corrects its answer in the form of an answer', () => {
    const inner = {
      ...{ kind: 'coordinate', leader: 'boss', roster: [{ name: 'dev' }], maxRounds: 1, maxAssignments: 1 },
      ...{ parallelism: 1, onMemberFailure: 'Skip', memberRetries: 0 },
    };
    const program: QualityProgram = { kind: 'quality', inner, gates: [REVIEW] };
    const revision = madeUpRevision(program, { ...JUDGES, boss: {}, dev: {} });
    const ends: Ends = {
      'lead-1': { output: { assignments: [], answer: 'forty' }, sessionId: 's' },
      'v1-review': refuse('No.'),
    };
    const now = unfoldQuality({ coordinate: unfoldCoordinate })({ revision, history: historyOf(ends) });
    expect(runOf(now, 'v1-review').inputs.text).toContain('The answer:\nforty');
    const again = runOf(now, 'v2');
    expect(again).toMatchObject({ name: 'boss', session: { from: 'lead-1' } });
    expect(again.outputSchema).toBeUndefined();
  });
});

describe('whatever judges say', () => {
  const opinion = fc.record({ accept: fc.boolean(), guidance: fc.string({ maxLength: 5 }) });
  const scored = fc.record({
    scores: fc.record({ right: fc.integer({ min: -1, max: 11 }), short: fc.integer({ min: 0, max: 10 }) }),
    guidance: fc.string({ maxLength: 5 }),
  });
  const end = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ output: fc.oneof(opinion, scored), value: fc.constantFrom('a', 'b') }),
    },
    { weight: 1, arbitrary: fc.record({ output: fc.anything() }) },
    { weight: 1, arbitrary: fc.record({ failed: fc.constantFrom('ActionFailed: x', 'AgentFailed: x') }) },
  );
  const onRejected = fc.constantFrom('Fail' as const, 'Accept' as const);
  const gates = fc
    .subarray<Gate>([SCRIPT, EVALUATE, REVIEW, VOTE])
    .chain((some) =>
      fc.tuple(
        ...some.map((gate) =>
          fc
            .record({ maxCorrections: fc.nat({ max: 2 }), onRejected })
            .map((limits): Gate => Object.assign({}, gate, limits)),
        ),
      ),
    );
  const bestOf = fc.option(fc.constant({ candidates: 2, choosers: ['ann'] }), { nil: undefined });

  it('the Task ends, and no gate sends back more often than it may', () => {
    fc.assert(
      fc.property(
        gates,
        bestOf,
        fc.array(end, { maxLength: 40 }),
        fc.array(fc.nat(), { maxLength: 40 }),
        (some, best, ends, picks) => {
          const program = { gates: some, ...(best === undefined ? {} : { bestOf: best }) };
          const played = play(grow, revisionOf(program), {
            pick: () => picks.pop() ?? 0,
            end: () => ends.pop() ?? { value: 'ok', output: { accept: true, guidance: '' } },
          });
          const corrections = played.unfolded.nodes.filter(({ id }) => /^v\d+$/.test(id)).length;
          expect(corrections).toBeLessThanOrEqual(
            some.reduce((sum, { maxCorrections }) => sum + maxCorrections, 0),
          );
          const isFailed = played.failed !== undefined || played.unfolded.failure !== undefined;
          const author = played.unfolded.nodes.find(({ id }) => id === played.unfolded.author);
          expect(isFailed || (author !== undefined && isRunNode(author)), 'it fails, or has an answer').toBe(
            true,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});
