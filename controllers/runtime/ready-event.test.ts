import { describe, expect, it } from 'vitest';
import type { ConditionStatus } from '#api/machinery/condition';
import { readyEvent } from './ready-event.ts';

const object = (status: ConditionStatus, message: string) => ({
  status: { conditions: [{ type: 'Ready', status, reason: 'R', message, lastTransitionTime: '' }] },
});

describe('readyEvent', () => {
  const cases = [
    { reason: 'well from the start is no news', before: {}, after: object('True', 'fine'), want: undefined },
    { reason: 'trouble from the start', before: {}, after: object('False', 'x'), want: 'Warning x' },
    {
      reason: 'the same trouble',
      before: object('False', 'x'),
      after: object('False', 'x'),
      want: undefined,
    },
    {
      reason: 'another trouble',
      before: object('False', 'x'),
      after: object('False', 'y'),
      want: 'Warning y',
    },
    {
      reason: 'the end of it',
      before: object('False', 'x'),
      after: object('True', 'fine'),
      want: 'Normal fine',
    },
    { reason: 'still well', before: object('True', 'a'), after: object('True', 'b'), want: undefined },
  ];
  it.each(cases)('$reason', ({ before, after, want }) => {
    const event = readyEvent(before, after);
    expect(event && `${event.type} ${event.message}`).toBe(want);
  });
});
