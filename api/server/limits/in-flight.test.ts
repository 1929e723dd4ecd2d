import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createManualClock } from '../../machinery/manual-clock.ts';
import { InFlight } from './in-flight.ts';
import type { RequestPlaces } from './in-flight.ts';
import type { PriorityLevel } from './priority-level.ts';

const LIMITS = {
  ...{ reads: 3, writes: 1, reserved: 0, perUser: 2, userShare: 1, longRunningPerUser: 1 },
  ...{ waitingPerUser: 2, waiting: 3, waitMs: 1000 },
};
const by = (user: string, level: PriorityLevel = 'workload') => ({ user, level });

function inFlightOf(limits: Partial<typeof LIMITS> = {}) {
  const clock = createManualClock();
  return { clock, inFlight: new InFlight({ ...LIMITS, ...limits }, clock) };
}

/** A place that is free. */
function at(places: Promise<RequestPlaces> | RequestPlaces): RequestPlaces {
  if (places instanceof Promise) throw new Error('it waits');
  return places;
}

/** Who got a place, in order. */
async function order(waiting: Record<string, Promise<RequestPlaces> | RequestPlaces>): Promise<string[]> {
  const served: string[] = [];
  const all = Object.entries(waiting).map(async ([name, places]) => {
    const got = await places;
    served.push(name);
    got[Symbol.dispose]();
  });
  await Promise.all(all);
  return served;
}

it('lets what is too much for a user wait, then for all, and refuses it after a while', async () => {
  const { inFlight, clock } = inFlightOf();
  at(inFlight.enter(by('a'), 'reads'));
  at(inFlight.enter(by('a'), 'writes'));
  const ofUser = inFlight.enter(by('a'), 'reads');
  const ofAll = inFlight.enter(by('b'), 'writes');
  expect(inFlight.counts).toEqual({ reads: 1, writes: 1, streams: 0, waiting: 2 });
  clock.advance(LIMITS.waitMs);
  await expect(ofUser).rejects.toMatchObject({ code: 429, details: { retryAfterSeconds: 1 } });
  await expect(ofAll).rejects.toThrow(/Too many requests/);
  expect(inFlight.counts.waiting).toBe(0);
});

it('gives a place back once, and to the next', async () => {
  const { inFlight } = inFlightOf();
  const first = at(inFlight.enter(by('a'), 'writes'));
  const next = inFlight.enter(by('b'), 'writes');
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(inFlight.counts.writes).toBe(1);
  (await next)[Symbol.dispose]();
  expect(inFlight.counts).toEqual({ reads: 0, writes: 0, streams: 0, waiting: 0 });
});

it('bounds what waits, of a user and of all', async () => {
  const { inFlight } = inFlightOf();
  at(inFlight.enter(by('z'), 'writes'));
  const gone: (() => void)[] = [];
  const wait = (user: string) => inFlight.enter(by(user), 'writes', (fn) => gone.push(fn));
  const waiting = [wait('a'), wait('a')];
  expect(() => wait('a'), 'two of one user').toThrow(/Too many requests/);
  waiting.push(wait('b'));
  expect(() => wait('c'), 'three of all').toThrow(/Too many requests/);
  for (const fn of gone) fn();
  for (const refused of waiting) await expect(refused).rejects.toMatchObject({ code: 429 });
  expect(inFlight.counts.waiting, 'clients that went away do not wait').toBe(0);
});

it('serves whoever has the fewest requests under way, not whoever asks most', async () => {
  const { inFlight } = inFlightOf({ reads: 2, waitingPerUser: 10, waiting: 10, perUser: 10 });
  const held = [at(inFlight.enter(by('busy'), 'reads')), at(inFlight.enter(by('busy'), 'reads'))];
  const waiting = {
    busy1: inFlight.enter(by('busy'), 'reads'),
    busy2: inFlight.enter(by('busy'), 'reads'),
    calm: inFlight.enter(by('calm'), 'reads'),
    system: inFlight.enter(by('controllers', 'system'), 'reads'),
  };
  held[0]?.[Symbol.dispose]();
  expect(await order(waiting)).toEqual(['system', 'calm', 'busy1', 'busy2']);
});

it('keeps places for the system', () => {
  const { inFlight } = inFlightOf({ reads: 4, reserved: 0.5, perUser: 10 });
  at(inFlight.enter(by('a'), 'reads'));
  at(inFlight.enter(by('b'), 'reads'));
  expect(inFlight.enter(by('c'), 'reads')).toBeInstanceOf(Promise);
  at(inFlight.enter(by('controllers', 'system'), 'reads'));
  at(inFlight.enter(by('executors', 'system'), 'reads'));
});

it('leaves places to others, whoever takes none back', async () => {
  const { inFlight } = inFlightOf({
    writes: 10,
    reserved: 0.2,
    perUser: 20,
    userShare: 0.5,
    waitingPerUser: 9,
  });
  const held = Array.from({ length: 4 }, () => at(inFlight.enter(by('anonymous'), 'writes')));
  const fifth = inFlight.enter(by('anonymous'), 'writes');
  expect(fifth).toBeInstanceOf(Promise);
  at(inFlight.enter(by('anonymous'), 'reads'));
  for (let n = 0; n < 4; n++) at(inFlight.enter(by('alice'), 'writes'));
  for (let n = 0; n < 2; n++) at(inFlight.enter(by('controllers', 'system'), 'writes'));
  held[0]?.[Symbol.dispose]();
  (await fifth)[Symbol.dispose]();
});

it('counts streams by themselves', async () => {
  const { inFlight } = inFlightOf();
  const watch = at(inFlight.enter(by('a'), 'reads')).longRunning();
  expect(inFlight.counts).toMatchObject({ reads: 0, writes: 0, streams: 1 });
  expect(() => at(inFlight.enter(by('a'), 'reads')).longRunning()).toThrow(
    expect.objectContaining({ code: 429, details: { retryAfterSeconds: 1 } }),
  );
  watch[Symbol.dispose]();
  expect(inFlight.counts.streams).toBe(0);
});

it('never gives out more places than there are, and forgets nobody who waits', async () => {
  const step = fc.oneof(
    fc.record({
      user: fc.constantFrom('a', 'b', 'c', 'system'),
      kind: fc.constantFrom('reads' as const, 'writes' as const),
    }),
    fc.nat(20),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const limits = { ...LIMITS, reserved: 0.34, userShare: 0.6, waitingPerUser: 100, waiting: 100 };
      const inFlight = new InFlight(limits, createManualClock());
      const held: RequestPlaces[] = [];
      let asked = 0;
      for (const one of steps) {
        if (typeof one === 'number') held.splice(one % (held.length + 1), 1)[0]?.[Symbol.dispose]();
        else {
          asked += 1;
          const level = one.user === 'system' ? 'system' : 'workload';
          void Promise.resolve(inFlight.enter(by(one.user, level), one.kind)).then((got) => held.push(got));
        }
        await Promise.resolve();
        await Promise.resolve();
        const { reads, writes, waiting } = inFlight.counts;
        expect(reads).toBeLessThanOrEqual(limits.reads);
        expect(writes).toBeLessThanOrEqual(limits.writes);
        expect(reads + writes).toBe(held.length);
        expect(waiting).toBeLessThanOrEqual(asked);
      }
      while (held.length > 0) {
        held.shift()?.[Symbol.dispose]();
        await Promise.resolve();
        await Promise.resolve();
      }
      expect(inFlight.counts).toEqual({ reads: 0, writes: 0, streams: 0, waiting: 0 });
    }),
  );
});
