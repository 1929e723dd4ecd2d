import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../../machinery/manual-clock.ts';
import type { ManualClock } from '../../../machinery/manual-clock.ts';
import { KnownHealth } from './known-health.ts';
import type { KnownHealthOptions } from './known-health.ts';

interface World {
  clock: ManualClock;
  checks: number;
  check: () => Promise<void>;
  known: Error | undefined;
  health: KnownHealth;
}

function world(): World {
  const made: Omit<World, 'health'> = {
    clock: createManualClock(),
    checks: 0,
    check: () => Promise.resolve(),
    known: undefined,
  };
  const options: KnownHealthOptions = {
    checkStore() {
      state.checks += 1;
      return state.check();
    },
    storeHealth: () => ({ database: state.known, hints: 'unused' }),
    countExecutors: () => Promise.resolve({ total: 1, ready: 1 }),
    clock: made.clock,
    closing: new AbortController().signal,
  };
  const state: World = Object.assign(made, { health: new KnownHealth(options) });
  return state;
}

const isAway = async ({ health }: World): Promise<boolean> => (await health.facts()).database.isAway;

describe('what is known of a server', () => {
  it('is checked once a second, however many ask', async () => {
    const state = world();
    await Promise.all([isAway(state), isAway(state), isAway(state)]);
    await isAway(state);
    expect(state.checks).toBe(1);
    state.clock.advance(1000);
    await isAway(state);
    expect(state.checks).toBe(2);
  });

  it('is told without waiting for a database that hangs, until its second is over', async () => {
    const state = world();
    state.check = () => new Promise(() => undefined);
    const first = isAway(state);
    state.clock.advance(5);
    expect(await first, 'not known yet').toBe(false);
    state.clock.advance(1000);
    expect(await isAway(state)).toBe(true);
  });

  it('is told without a check where the store knows by itself that the database is away', async () => {
    const state = world();
    state.known = new Error('away');
    expect(await isAway(state)).toBe(true);
    expect(state.checks).toBe(0);
  });
});
