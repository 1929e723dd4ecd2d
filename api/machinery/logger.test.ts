import { describe, expect, it } from 'vitest';
import { describeError } from './logger.ts';

describe('describeError', () => {
  it.each([
    [new Error('a', { cause: new Error('b') }), 'a: b', 'causes follow'],
    [new Error('file x: gone', { cause: new Error('gone') }), 'file x: gone', 'nothing is told twice'],
    [new TypeError(''), 'TypeError', 'the name when there is no message'],
    ['text', 'text', 'what is thrown need not be an Error'],
  ])('%s', (error, want, reason) => {
    expect(describeError(error), reason).toBe(want);
  });

  it('ends with a cause that is its own', () => {
    const error = new Error('a');
    error.cause = error;
    expect(describeError(error)).toBe('a');
  });
});
