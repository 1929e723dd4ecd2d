import { describe, expect, test } from 'vitest';
import { suppressionProblem } from './verify-steps.ts';

const cases = [
  { reason: 'ordinary code', line: 'const a = 1; // a reason', problem: undefined },
  {
    reason: 'a lint rule is turned off without a word',
    line: '// oxlint-disable-next-line no-console',
    problem: 'needs "-- reason"',
  },
  {
    reason: 'a lint rule is turned off with a reason',
    line: '// oxlint-disable-next-line no-console -- the program prints',
    problem: undefined,
  },
  {
    reason: 'the separator alone is no reason',
    line: '// oxlint-disable no-var -- ',
    problem: 'needs "-- reason"',
  },
  {
    reason: 'an expected type error needs one too',
    line: '// @ts-expect-error',
    problem: 'needs "-- reason"',
  },
  { reason: 'type errors are never ignored', line: '// @ts-ignore -- because', problem: 'not allowed' },
  { reason: 'a skipped test', line: "  test.skip('x', () => {});", problem: 'not allowed' },
  { reason: 'a focused suite', line: "describe.only('x', () => {});", problem: 'not allowed' },
  { reason: 'a repeated test', line: 'test("x", { retry: 2 }, f);', problem: 'not allowed' },
];

describe('suppressionProblem', () => {
  test.each(cases)('$reason', ({ line, problem, reason }) => {
    expect(suppressionProblem(line), reason).toBe(problem);
  });
});
