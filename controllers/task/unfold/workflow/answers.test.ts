import { describe, expect, it } from 'vitest';
import type { Step } from '#workflows/workflow';
import { Course, broken, ok, step } from './course.ts';
import type { End } from './course.ts';

const after = (name: string, dependsOn: string[], more: Partial<Step> = {}): Step =>
  step(name, { dependsOn, ...more });

function waiting(name: string, dependsOn: string[], more: Partial<Step> = {}): Step {
  return { name, dependsOn, wait: { approval: { message: 'Now?' } }, ...more };
}

function scripted(name: string, dependsOn: string[], more: Partial<Step> = {}): Step {
  return { name, dependsOn, action: { script: { run: 'true' } }, ...more };
}

const goesOn = { onFailure: 'Continue' } as const;
const accepted = ok('{"accept":true,"guidance":""}');

describe('the answer of a workflow without outputs', () => {
  const cases: { reason: string; steps: Step[]; ends: [string, End][]; answer?: string }[] = [
    {
      reason: 'of steps one after the other, that of the last',
      steps: [step('a'), after('b', ['a'])],
      ends: [
        ['a-0', ok('A')],
        ['b-1', ok('B')],
      ],
      answer: 'B',
    },
    {
      reason: 'of several last steps, those of all',
      steps: [step('a'), after('b', ['a']), after('c', ['a'])],
      ends: [
        ['a-0', ok('A')],
        ['b-1', ok('B')],
        ['c-2', ok('C')],
      ],
      answer: 'B\n\nC',
    },
    {
      reason: 'a wait that fails on the way does not bring an earlier answer back',
      steps: [step('a'), waiting('gate', ['a'], goesOn), after('b', ['gate'])],
      ends: [
        ['a-0', ok('A')],
        ['gate-1', broken],
        ['b-2', ok('B')],
      ],
      answer: 'B',
    },
    {
      reason: 'an action that fails on the way does not, either',
      steps: [step('a'), scripted('test', ['a'], goesOn), after('b', ['test'])],
      ends: [
        ['a-0', ok('A')],
        ['test-1', broken],
        ['b-2', ok('B')],
      ],
      answer: 'B',
    },
    {
      reason: 'the words of people who approve are none',
      steps: [step('a'), waiting('gate', ['a']), after('b', ['gate.failure'])],
      ends: [
        ['a-0', ok('A')],
        ['gate-1', ok('Go on.')],
      ],
      answer: 'A',
    },
    {
      reason: 'a step that is not chosen leaves the one before',
      steps: [step('a'), after('b', ['a'], { when: 'false' })],
      ends: [['a-0', ok('A')]],
      answer: 'A',
    },
    {
      reason: 'an action that says something has the last word',
      steps: [step('a'), scripted('print', ['a'])],
      ends: [
        ['a-0', ok('A')],
        ['print-1', ok('printed')],
      ],
      answer: 'printed',
    },
    {
      reason: 'those who judge give none',
      steps: [step('a', { quality: { review: { reviewer: 'tester' } } })],
      ends: [
        ['a-0', ok('A')],
        ['a-0v1review', accepted],
      ],
      answer: 'A',
    },
    {
      reason: 'of nothing but waits, what was said to them',
      steps: [waiting('gate', [])],
      ends: [['gate-0', ok('Go on.')]],
      answer: 'Go on.',
    },
    {
      reason: 'of one that fails, those that are there',
      steps: [step('a'), after('b', ['a'])],
      ends: [
        ['a-0', ok('A')],
        ['b-1', broken],
      ],
      answer: 'A',
    },
    { reason: 'none before anything is said', steps: [step('a')], ends: [] },
  ];
  it.each(cases)('$reason', ({ steps, ends, answer }) => {
    const course = new Course(
      { steps },
      {},
      { actions: { test: { script: { run: 'true' } }, print: { script: { run: 'true' } } } },
    );
    for (const [id, end] of ends) course.end(id, end);
    expect(course.open().length === 0 || ends.length === 0).toBe(true);
    expect(course.unfolded.answer).toBe(answer);
  });
});
