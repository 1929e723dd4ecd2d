import { describe, expect, it } from 'vitest';
import type { StoreEvent } from './contract.ts';
import { EventRing } from './event-ring.ts';

const event = (revision: number) => ({ revision }) as StoreEvent;

describe('EventRing', () => {
  it('has every event after its floor, and keeps at least its capacity', () => {
    const ring = new EventRing(10, 100);
    for (let revision = 101; revision <= 150; revision++) {
      ring.push(event(revision));
      expect(ring.floor).toBeLessThanOrEqual(Math.max(100, revision - 10));
      expect(ring.floor).toBeGreaterThanOrEqual(Math.max(100, revision - 20));
      const expected = Array.from({ length: revision - ring.floor }, (_, i) => ring.floor + 1 + i);
      expect(ring.after(ring.floor).map((kept) => kept.revision)).toEqual(expected);
      expect(ring.after(revision)).toEqual([]);
    }
  });

  it('starts after a revision that has no event of its own', () => {
    const ring = new EventRing(10, 0);
    for (const revision of [2, 5, 9]) ring.push(event(revision));
    expect(ring.after(3).map((kept) => kept.revision)).toEqual([5, 9]);
    expect(ring.after(5).map((kept) => kept.revision)).toEqual([9]);
  });
});
