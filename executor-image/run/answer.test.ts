import { expect, it } from 'vitest';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import { limitedAnswer } from './answer.ts';

it('an answer of 150 kB stays whole', () => {
  const value = 'ä'.repeat(75_000);
  expect(limitedAnswer(value)).toEqual({ value });
  expect(limitedAnswer(value, ['w'])).toEqual({ value, warnings: ['w'] });
});

it('an answer that is too long says so where it is cut', () => {
  const { value, warnings } = limitedAnswer('ä'.repeat(RUN_LIMITS.answerBytes), ['w']);
  expect(Buffer.byteLength(value)).toBeLessThanOrEqual(RUN_LIMITS.answerBytes);
  expect(value).toMatch(
    /ä\n\n\[The answer has 1048576 bytes and is cut here; the log of the Task has all of it\.\]$/,
  );
  expect(warnings).toEqual([
    'The answer has 1048576 bytes and is cut; the log of the Task has all of it.',
    'w',
  ]);
});
