import { describe, expect, it } from 'vitest';
import { answerRoom } from './answer.ts';

describe('answerRoom', () => {
  it.each([
    { reason: 'a few steps', taken: 0, open: 3, want: 64 * 1024 },
    { reason: 'hundreds of steps', taken: 0, open: 500, want: 1310 },
    { reason: 'much is taken', taken: 639 * 1024, open: 2, want: 256 },
  ])('of $reason', ({ taken, open, want }) => expect(answerRoom(taken, open)).toBe(want));

  it('of any number of steps, whose number was not known before, is less than a request may have', () => {
    let taken = 0;
    for (let step = 0; step < 1000; step += 1) taken += answerRoom(taken, 1);
    expect(taken).toBeLessThan(900 * 1024);
  });
});
