import { expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

const limits = { reads: 3, writes: 1, perUser: 2, longRunningPerUser: 1 };

it('refuses what is too much for a user, and what is too much for all', () => {
  const inFlight = new InFlight(limits);
  const first = inFlight.enter('a', 'reads');
  inFlight.enter('a', 'writes');
  expect(() => inFlight.enter('a', 'reads'), 'two of one user').toThrow(/Too many requests/);
  expect(() => inFlight.enter('b', 'writes'), 'one write of all').toThrow(/Too many requests/);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(inFlight.counts, 'a place is given back once').toEqual({ reads: 0, writes: 1, streams: 0 });
  inFlight.enter('a', 'reads');
});

it('counts streams by themselves', () => {
  const inFlight = new InFlight(limits);
  const watch = inFlight.enter('a', 'reads').longRunning();
  expect(inFlight.counts).toEqual({ reads: 0, writes: 0, streams: 1 });
  expect(() => inFlight.enter('a', 'reads').longRunning()).toThrow(
    expect.objectContaining({ code: 429, details: { retryAfterSeconds: 1 } }),
  );
  watch[Symbol.dispose]();
  expect(inFlight.counts.streams).toBe(0);
});
