import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { createSpamFilter } from './event-spam-filter.ts';

describe('createSpamFilter', () => {
  it('admits a burst about one object, then one event in five minutes', () => {
    const clock = createManualClock();
    const filter = createSpamFilter(clock);
    const admitted = Array.from({ length: 40 }, () => filter.admits('a')).filter(Boolean);
    expect(admitted).toHaveLength(25);
    expect(filter.admits('b'), 'another object has its own bucket').toBe(true);
    clock.advance(5 * 60_000);
    expect([filter.admits('a'), filter.admits('a')]).toEqual([true, false]);
  });
});
