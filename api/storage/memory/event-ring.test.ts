import { describe, expect, it } from 'vitest';
import type { StoreEvent } from '../contract/objects.ts';
import { EventRing } from './event-ring.ts';

const event = (revision: number, text = '') => ({ revision, object: { json: () => text } }) as StoreEvent;
const plenty = { events: 10, bytes: 1_000 };

describe('EventRing', () => {
  it('has every event after its floor, and keeps at least its capacity', () => {
    const ring = new EventRing(plenty, 100);
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
    const ring = new EventRing(plenty, 0);
    for (const revision of [2, 5, 9]) ring.push(event(revision));
    expect(ring.after(3).map((kept) => kept.revision)).toEqual([5, 9]);
    expect(ring.after(5).map((kept) => kept.revision)).toEqual([9]);
  });

  it('keeps fewer events when they are large, and none that is larger than all of it', () => {
    const ring = new EventRing(plenty, 0);
    for (let revision = 1; revision <= 20; revision++) {
      ring.push(event(revision, 'x'.repeat(200)));
      const kept = ring.after(ring.floor).map((each) => each.revision);
      expect(kept).toEqual(Array.from({ length: revision - ring.floor }, (_, i) => ring.floor + 1 + i));
      expect(kept.length).toBeLessThanOrEqual(5);
      expect(kept.length).toBeGreaterThanOrEqual(1);
    }
    ring.push(event(21, 'x'.repeat(2_000)));
    expect(ring.floor).toBe(21);
  });
});
