import { describe, expect, it } from 'vitest';
import { emptyTally, lastLine, slowFiles, sum, tallyOf } from './test-report.ts';
import type { FileResult } from './test-report.ts';

const file = (more: Partial<FileResult>): FileResult => ({
  name: '/root/a.test.ts',
  status: 'passed',
  startTime: 0,
  endTime: 1,
  assertionResults: [],
  ...more,
});
const test = (status: string, ...failureMessages: string[]) => ({
  status,
  fullName: 'it works',
  failureMessages,
});

describe('the tally of a file', () => {
  it.each([
    { reason: 'a test that passed', given: { assertionResults: [test('passed')] }, want: [1, 0, 0] },
    {
      reason: 'a test that failed',
      given: { status: 'failed' as const, assertionResults: [test('failed', 'no')] },
      want: [0, 1, 0],
    },
    { reason: 'a test that did not run', given: { assertionResults: [test('pending')] }, want: [0, 1, 0] },
    { reason: 'a test that was skipped', given: { assertionResults: [test('skipped')] }, want: [0, 1, 0] },
    {
      reason: 'a test that needs Go, without Go',
      given: { assertionResults: [test('skipped'), test('passed')] },
      maySkip: true,
      want: [1, 0, 1],
    },
    {
      reason: 'a file that failed in a hook',
      given: { status: 'failed' as const, message: 'the hook', assertionResults: [test('passed')] },
      want: [1, 1, 0],
    },
  ])('$reason', ({ given, maySkip = false, want }) => {
    const { passed, failed, skipped } = tallyOf(file(given), { root: '/root', maySkip });
    expect([passed, failed, skipped]).toEqual(want);
  });

  it('says where a failure is and what it says', () => {
    const failed = file({ status: 'failed', assertionResults: [test('failed', 'expected 1 to be 2')] });
    expect(tallyOf(failed, { root: '/root', maySkip: false }).failures).toEqual([
      'a.test.ts: it works: failed\nexpected 1 to be 2',
    ]);
    const broken = file({ status: 'failed', message: 'cannot import' });
    expect(tallyOf(broken, { root: '/root', maySkip: false }).failures).toEqual([
      'a.test.ts: failed outside its tests\ncannot import',
    ]);
  });
});

it('the last line says what was skipped only when something was', () => {
  const one = { passed: 2, failed: 1, skipped: 0, failures: ['a'] };
  expect(lastLine(sum(one, emptyTally()))).toBe('2 passed, 1 failed');
  expect(lastLine(sum(one, { ...one, skipped: 3 }))).toBe('4 passed, 2 failed, 3 skipped');
});

it('slow files are named, the slowest first', () => {
  const testResults = [file({ endTime: 11_000 }), file({ endTime: 9_000 }), file({ endTime: 20_000 })];
  expect(slowFiles({ testResults }, '/root')).toEqual([
    'slow: a.test.ts (20.0 s)',
    'slow: a.test.ts (11.0 s)',
  ]);
});
