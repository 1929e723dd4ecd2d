import { describe, expect, it } from 'vitest';
import { isConditionTrue, withCondition } from './condition.ts';
import type { Condition } from './condition.ts';

const OLD = '2026-01-01T00:00:00Z';
const NOW = '2026-02-01T00:00:00Z';
const ready: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Ok',
  message: 'fine',
  lastTransitionTime: OLD,
};

describe('withCondition', () => {
  it.each([
    [
      'the same finding',
      { status: 'True', reason: 'Ok', message: 'fine' },
      OLD,
      'nothing changed, so no new time',
    ],
    [
      'another message',
      { status: 'True', reason: 'Ok', message: 'still' },
      OLD,
      'only a change of status is a transition',
    ],
    ['another status', { status: 'False', reason: 'Bad', message: 'no' }, NOW, 'a transition'],
  ] as const)('%s', (_name, next, time, reason) => {
    const [condition] = withCondition([ready], { type: 'Ready', ...next }, { now: NOW });
    expect(condition, reason).toEqual({ type: 'Ready', ...next, lastTransitionTime: time });
  });

  it('adds a new type at the end and leaves the given list alone', () => {
    const before = [ready];
    const after = withCondition(
      before,
      { type: 'Complete', status: 'False', reason: 'Running', message: '' },
      { now: NOW, generation: 3 },
    );
    expect(after.map((condition) => condition.type)).toEqual(['Ready', 'Complete']);
    expect(after[1]?.observedGeneration).toBe(3);
    expect(before).toHaveLength(1);
    expect(isConditionTrue(after, 'Complete')).toBe(false);
  });
});
