import { describe, expect, it } from 'vitest';
import { CHECKS } from './checks.ts';
import type { Evidence, StepSeen, TaskSeen } from './evidence.ts';
import type { Expectation } from './scenario.ts';

/** Each check finds what it is there for, and nothing in a run in which all is well. */

const step = (more: Partial<StepSeen> = {}): StepSeen => ({
  ...{ node: 's0', title: 'coder', status: 'COMPLETED', attempts: 2, sandboxes: ['lost', 'good'] },
  ...more,
});
const task = (more: Partial<TaskSeen> = {}): TaskSeen => ({
  ...{ name: 'fix', status: 'COMPLETED', value: 'yes', steps: [step()] },
  log: [
    { seq: 1, source: 'a1', sourceSeq: 1 },
    { seq: 2, source: 'a2', sourceSeq: 1 },
    { seq: 3, source: 'a1', sourceSeq: 2 },
  ],
  ...more,
});
const effect = (sandbox: string, at: number) => ({ task: 'fix', step: 'coder', sandbox, at });
const asked = (key: string) => ({ task: 'fix', step: 'coder', key, at: 1 });
const WELL: Evidence = {
  tasks: [task()],
  calls: [
    { sandbox: 'lost', task: 'fix', from: 1, to: 2 },
    { sandbox: 'good', task: 'fix', from: 4, to: 5 },
    { sandbox: 'good', task: undefined, from: 6, to: 9 },
  ],
  effects: [effect('lost', 3), effect('good', 7)],
  requests: [asked('k')],
  handedIn: ['fix'],
};
const EXPECTED: Expectation = {
  status: 'COMPLETED',
  value: 'yes',
  asks: ['coder'],
  steps: { coder: ['COMPLETED'] },
};

const judge = (name: string, evidence: Partial<Evidence>, expected: Partial<Expectation> = {}) =>
  CHECKS[name]?.({ ...WELL, ...evidence }, (task) => (task === 'gone' ? [] : [{ ...EXPECTED, ...expected }]));

describe('a check finds', () => {
  const cases: {
    check: string;
    reason: string;
    evidence?: Partial<Evidence>;
    expected?: Partial<Expectation>;
    finds: string;
  }[] = [
    {
      check: 'every Task ends as its script says',
      reason: 'another end',
      evidence: { tasks: [task({ status: 'FAILED', message: 'Lost.' })] },
      finds: 'fix is FAILED, not COMPLETED (Lost.)',
    },
    {
      check: 'every Task ends as its script says',
      reason: 'another result',
      evidence: { tasks: [task({ value: 'no' })] },
      finds: 'fix has the result no, not yes',
    },
    {
      check: 'every Task ends as its script says',
      reason: 'another cause',
      expected: { message: 'scripted' },
      finds: 'fix says nothing, not scripted',
    },
    {
      check: 'every Task ends as its script says',
      reason: 'a step more',
      evidence: { tasks: [task({ steps: [step(), step({ node: 's1' })] })] },
      finds: 'fix has the steps coder COMPLETED, coder COMPLETED, not coder COMPLETED',
    },
    {
      check: 'no Task is lost',
      reason: 'one that was handed in is not there',
      evidence: { tasks: [] },
      finds: 'fix was handed in, and is not there',
    },
    {
      check: 'no Task is lost',
      reason: 'one that a person has removed is there',
      evidence: { tasks: [task(), task({ name: 'gone' })], handedIn: ['fix', 'gone'] },
      finds: 'gone was removed, and is there',
    },
    {
      check: 'every fixed action asks once in each attempt, with one key',
      reason: 'one attempt that has asked twice',
      evidence: { requests: [asked('k'), asked('k'), asked('k')] },
      finds: 'fix, coder: 2 attempts have asked 3 times',
    },
    {
      check: 'every fixed action asks once in each attempt, with one key',
      reason: 'another key',
      evidence: { requests: [asked('k'), asked('l')] },
      finds: 'fix, coder: it has asked with 2 keys',
    },
    {
      check: 'every fixed action asks once in each attempt, with one key',
      reason: 'a step that has not asked',
      evidence: { requests: [] },
      finds: 'fix, coder: COMPLETED, and has not asked',
    },
    {
      check: 'every step has its effect exactly as often as its record says',
      reason: 'a thing done twice by one attempt',
      evidence: { effects: [effect('good', 7), effect('good', 8)] },
      finds: 'fix, coder: good has done it 2 times',
    },
    {
      check: 'every step has its effect exactly as often as its record says',
      reason: 'a thing that was not done',
      evidence: { effects: [effect('lost', 3)] },
      finds: 'fix, coder: COMPLETED by good, which has done nothing',
    },
    {
      check: 'every step has its effect exactly as often as its record says',
      reason: 'a thing that another Task had done',
      evidence: { tasks: [task({ steps: [step({ isTakenOver: true })] })], effects: [effect('good', 7)] },
      finds: 'fix, coder: it was taken over, and good has done it again',
    },
    {
      check: 'every Task ends as its script says',
      reason: 'a step that was not done here',
      evidence: { tasks: [task({ steps: [step({ isTakenOver: true })] })] },
      finds: 'fix has the steps coder COMPLETED by another Task, not coder COMPLETED',
    },
    {
      check: 'no two attempts of a step are ever alive together',
      reason: 'a call of one between calls of the other',
      evidence: { calls: [...WELL.calls, { sandbox: 'lost', task: undefined, from: 5, to: 5.5 }] },
      finds: 'fix, coder: lost and good were alive together for 2 ms',
    },
    {
      check: 'no two attempts of a step are ever alive together',
      reason: 'a thing done by one when the other has begun',
      evidence: { effects: [effect('lost', 8), effect('good', 7)] },
      finds: 'fix, coder: lost and good were alive together for 4 ms',
    },
    {
      check: 'everybody who has worked stands in a record',
      reason: 'an attempt that no record has',
      evidence: { calls: [{ sandbox: 'secret', task: 'fix', from: 1, to: 2 }] },
      finds: 'Sandbox secret has worked for fix, and no record has it',
    },
    {
      check: 'everybody who has worked stands in a record',
      reason: 'one who works for another Task',
      evidence: { effects: [{ ...effect('good', 7), task: 'other' }] },
      finds: 'Sandbox good of fix has worked for other',
    },
    {
      check: 'every event is in the log once',
      reason: 'a gap',
      evidence: { tasks: [task({ log: [{ seq: 2, source: 'a1', sourceSeq: 1 }] })] },
      finds: 'the log of fix is not numbered from 1 without gaps',
    },
    {
      check: 'every event is in the log once',
      reason: 'an event that came twice',
      evidence: {
        tasks: [task({ log: [1, 2].map((seq) => ({ seq, source: 'a1', sourceSeq: 1 })) })],
      },
      finds: 'the log of fix has not each event of a1 once and in order',
    },
  ];
  it.each(cases)('$check: $reason', ({ check, evidence = {}, expected = {}, finds }) => {
    expect(judge(check, evidence, expected)).toEqual([finds]);
    expect(judge(check, {}), 'nothing where all is well').toEqual([]);
  });
});
