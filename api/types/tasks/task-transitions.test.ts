import { describe, expect, it } from 'vitest';
import { nextStates } from './task-transitions.ts';

describe('nextStates', () => {
  it.each<[string | undefined, boolean, string[] | undefined, string]>([
    ['COMPLETED', false, ['COMPLETED'], 'an end is an end'],
    [
      'FAILED',
      true,
      ['FAILED', 'PENDING', 'RUNNING', 'PENDING_CONFIRMATION', 'COMPLETED'],
      'until more is asked for',
    ],
    ['CANCELLING', true, ['CANCELLING', 'CANCELLED', 'FAILED'], 'which is nothing to what goes on'],
    [undefined, false, undefined, 'a new one may get any'],
    ['DELETE', false, undefined, 'and so may one of another program'],
  ])('after %s (reopened: %s): %j, %s', (from, reopened, want) => {
    expect(nextStates(from, reopened)).toEqual(want);
  });
});
