import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Step } from '#workflows/workflow';
import { Course, broken, ok, step } from './course.ts';
import type { End } from './course.ts';

const REVIEW = { review: { reviewer: 'tester', maxCorrections: 1 } };
const yes = ok('{"accept":true,"guidance":""}');
const no = ok('{"accept":false,"guidance":"Shorter."}');

const reviewed = (more: Partial<Step> = {}, after: Partial<Step> = {}): Course =>
  new Course({
    steps: [
      step('write', { quality: REVIEW, ...more }),
      step('use', { dependsOn: ['write'], prompt: '{{steps.write.value}}', ...after }),
    ],
  });

describe('the quality of a step', () => {
  it('sends the answer back to its author, and goes on when it is accepted', () => {
    const course = reviewed({ prompt: 'Write.' });
    course.end('write-0', ok('first'));
    expect(course.ids()).toEqual(['write-0v1review']);
    expect(course.node('write-0v1review')).toMatchObject({
      name: 'write: tester',
      workspace: { from: 'write-0', ownBranch: true },
      inputs: { taskPrompt: false, results: [{ from: 'write-0', label: 'The answer' }] },
    });
    expect(course.node('write-0v1review')?.inputs.text).toMatch(/^Write\.\n\nJudge the answer/);
    course.end('write-0v1review', no);
    expect(course.ids()).toEqual(['write-0v2']);
    expect(course.node('write-0v2')?.inputs.text).toContain('Your answer was not accepted.\nShorter.');
    expect(course.node('write-0v2')).toMatchObject({ name: 'write', workspace: { from: 'write-0' } });
    course.end('write-0v2', ok('second'));
    course.end('write-0v2review', yes);
    expect(course.node('use-1')).toMatchObject({
      needs: ['write-0v2', 'write-0v2review'],
      inputs: { text: 'second' },
      workspace: { from: 'write-0v2' },
    });
    course.end('use-1', ok());
    expect(course.unfolded.details).toEqual({
      quality: [
        { step: 'write', gate: 'review', version: 1, accepted: false },
        { step: 'write', gate: 'review', version: 2, accepted: true },
      ],
    });
  });

  it('tells who goes on the answer, and no words of judges', () => {
    const course = new Course({
      steps: [step('write', { quality: REVIEW }), step('use', { dependsOn: ['write'] })],
    });
    course.end('write-0', ok('first'));
    course.end('write-0v1review', yes);
    expect(course.node('use-1')?.inputs.results).toEqual([
      { from: 'write-0', label: 'Result of the step before, write' },
    ]);
  });

  it.each<{ reason: string; more?: Partial<Step>; ends: [string, End][]; failure: string }>([
    {
      reason: 'the last word is no',
      ends: [
        ['write-0', ok()],
        ['write-0v1review', no],
        ['write-0v2', ok()],
        ['write-0v2review', no],
      ],
      failure: 'ReviewRejected: Step "write": the answer was not accepted after a correction. Shorter.',
    },
    { reason: 'the run does', ends: [['write-0', broken]], failure: 'AgentFailed: Step "write": It broke.' },
    {
      reason: 'the one who judges does',
      ends: [
        ['write-0', ok()],
        ['write-0v1review', broken],
      ],
      failure: 'AgentFailed: Step "write": the review by "tester": It broke.',
    },
    {
      reason: 'the one who gives scores does',
      more: { quality: { evaluate: { judge: 'tester', criteria: [{ name: 'good' }] } } },
      ends: [
        ['write-0', ok()],
        ['write-0v1evaluate', broken],
      ],
      failure: 'AgentFailed: Step "write": the evaluation by "tester": It broke.',
    },
    {
      reason: 'a correction does',
      ends: [
        ['write-0', ok()],
        ['write-0v1review', no],
        ['write-0v2', broken],
      ],
      failure: 'AgentFailed: Step "write": It broke.',
    },
    {
      reason: 'no candidate is there',
      more: { quality: { bestOf: { candidates: 2, choosers: ['tester'] } } },
      ends: [
        ['write-0c1', broken],
        ['write-0c2', broken],
      ],
      failure: 'NoCandidate: Step "write": the runs of all candidates failed.',
    },
  ])('fails the step when $reason', ({ more, ends, failure }) => {
    const course = reviewed(more);
    for (const [id, end] of ends) course.end(id, end);
    expect(course.open()).toEqual([]);
    expect(course.unfolded.failure).toBe(failure);
  });

  it('can be read by later steps, also where the answer was not accepted', () => {
    const course = reviewed(
      {
        quality: { evaluate: { judge: 'tester', criteria: [{ name: 'good' }], maxCorrections: 0 } },
        onFailure: 'Continue',
      },
      {
        when: '!steps.write.quality.accepted && steps.write.quality.score < 0.6 && steps.write.quality.rounds == 1 && steps.write.quality.judgements[0].gate == "evaluate"',
      },
    );
    course.end('write-0', ok('text'));
    course.end('write-0v1evaluate', ok('{"scores":{"good":5},"guidance":""}'));
    expect(course.node('use-1')).toMatchObject({ inputs: { text: 'text' } });
    expect(course.node('use-1')?.skip).toBeUndefined();
  });

  it('has candidates, one of which is chosen and judged', () => {
    const course = reviewed({ quality: { bestOf: { candidates: 2, choosers: ['tester'] }, ...REVIEW } });
    expect(course.ids()).toEqual(['write-0c1', 'write-0c2']);
    expect(course.node('write-0c1')).toMatchObject({
      name: 'write, candidate 1',
      workspace: { ownBranch: true },
    });
    course.end('write-0c1', ok('one'));
    course.end('write-0c2', ok('two'));
    course.end('write-0choice1', ok('{"choice":2,"reason":""}'));
    course.end('write-0v1review', yes);
    expect(course.node('use-1')).toMatchObject({
      inputs: { text: 'two' },
      workspace: { from: 'write-0c2' },
    });
  });

  it('asks people with the values of placeholders, and judges each item', () => {
    const course = new Course(
      {
        steps: [
          step('write', {
            forEach: { items: 'parameters.names' },
            quality: { approval: { message: 'Is {{item}} fine?' } },
          }),
        ],
      },
      { names: ['a', 'b'] },
    );
    course.end('write-0i1', ok('text'));
    expect(course.node('write-0i1v1approval')).toMatchObject({
      name: 'write: approval, item 2',
      wait: { message: 'Is b fine?\n\ntext' },
    });
  });

  it('is judged again where the step is tried again', () => {
    const course = reviewed({
      quality: { review: { reviewer: 'tester', maxCorrections: 0 } },
      retry: { limit: 1 },
    });
    course.end('write-0', ok());
    course.end('write-0v1review', no);
    expect(course.ids()).toEqual(['write-0t1']);
    course.end('write-0t1', ok('again'));
    course.end('write-0t1v1review', yes);
    expect(course.node('use-1')).toMatchObject({ inputs: { text: 'again' } });
  });
});

describe('whatever judges say', () => {
  it('the workflow ends, and the author is asked once more for each correction at most', () => {
    const answers = fc.infiniteStream(
      fc.constantFrom(yes, no, broken, ok('{"scores":{"a":3},"guidance":"x"}')),
    );
    const settings = fc.record({
      reviews: fc.nat({ max: 3 }),
      votes: fc.nat({ max: 2 }),
      onRejected: fc.constantFrom('Fail' as const, 'Accept' as const),
    });
    fc.assert(
      fc.property(settings, answers, ({ reviews, votes, onRejected }, given) => {
        const course = reviewed({
          quality: {
            review: { reviewer: 'tester', maxCorrections: reviews, onRejected },
            vote: { voters: ['tester', 'talker'], maxCorrections: votes, onRejected },
          },
        });
        for (let turns = 0; course.ids().length > 0; turns += 1) {
          expect(turns).toBeLessThan(60);
          const [id = ''] = course.ids();
          course.end(id, given.next().value);
          if (course.unfolded.failure !== undefined) break;
        }
        const versions = course.unfolded.nodes.filter(({ id }) => /^write-0(v\d+)?$/.test(id));
        expect(versions.length).toBeLessThanOrEqual(1 + reviews + votes);
      }),
    );
  });
});
