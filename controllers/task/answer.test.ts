import { describe, expect, it } from 'vitest';
import { answerRoom, cutAnswerToJson, jsonBytes } from './answer.ts';

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

describe('cutAnswerToJson', () => {
  it.each([
    { reason: 'plain text', answer: 'x'.repeat(70_000) },
    { reason: 'escapes of six bytes', answer: '\u001b'.repeat(60_000) },
    { reason: 'characters of two units', answer: '\u{1f600}'.repeat(30_000) },
    { reason: 'halves of characters', answer: '\ud83d'.repeat(30_000) },
  ])('keeps $reason within the room', ({ answer }) => {
    const cut = cutAnswerToJson(answer, 64 * 1024);
    expect(jsonBytes(cut)).toBeLessThanOrEqual(64 * 1024);
    expect(jsonBytes(cut)).toBeGreaterThan(64 * 1024 - 12);
    expect(cut).toMatch(/is cut here; the log of the Task has all of it\.\]$/);
  });

  it('leaves what fits as it is', () => expect(cutAnswerToJson('a\nb', 6)).toBe('a\nb'));
});
