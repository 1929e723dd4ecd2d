import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createCatalog } from '#api/registry/catalog';
import { createInitialNamespaces } from '#api/registry/initial-namespaces';
import { createRegistry } from '#api/registry/registry';
import type { Registry } from '#api/registry/registry';
import { loadDefinitions } from '#api/schema/load-crds';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';
import { DEFAULT_LEASE_TIMES } from '#controllers/runtime/leader-election';
import { Candidate, World } from './electorate.ts';
import type { Network } from './electorate.ts';

let store: Store;
let registry: Registry;
beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store });
  await createInitialNamespaces(registry);
});
afterAll(() => store.close());

/** Clocks that go at these speeds are within 15 to 10, the ratio of the times of a Lease. */
const SLOWEST = 0.85;
const machine = fc.record({
  rate: fc.double({ min: SLOWEST, max: 1.15, noNaN: true }),
  skew: fc.integer({ min: -7_200_000, max: 7_200_000 }),
});
const network: fc.Arbitrary<Network> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Network>('good') },
  { weight: 4, arbitrary: fc.constantFrom<Network>('hangs', 'loses answers', 'refuses') },
  { weight: 2, arbitrary: fc.record({ slow: fc.integer({ min: 1, max: 12_000 }) }) },
);
const who = fc.nat({ max: 3 });
const ms = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 25_000 }));
const first = fc.constantFrom('answer' as const, 'timer' as const);
const jump = fc.oneof(
  fc.integer({ min: -30_000, max: 30_000 }),
  fc.integer({ min: -3_600_000, max: 3_600_000 }),
);

/** `who` is one of the candidates, or, often enough, the one that leads. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('network' as const), who, network }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), network }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('halt' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('halt after a write' as const), who }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('go on' as const), who, first }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set the clock' as const), who, jump }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('kill' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stop' as const), who }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), machine }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

/** The processes of one run; everything that must hold at every moment is checked by `check`. */
class Electorate implements Disposable {
  readonly world: World;
  readonly all: Candidate[] = [];

  constructor(name: string) {
    this.world = new World(registry, name);
  }

  start(options: { rate: number; skew: number }): Candidate {
    const candidate = new Candidate(this.world, { identity: `p${this.all.length}`, ...options });
    this.all.push(candidate);
    return candidate;
  }

  get living(): Candidate[] {
    return this.all.filter(({ state }) => state === 'running');
  }

  get leader(): Candidate | undefined {
    return this.living.find(({ mayWrite }) => mayWrite);
  }

  readonly check = (): void => {
    const { holder } = this.world;
    const believers = this.all.filter(({ state, mayWrite }) => state !== 'dead' && mayWrite);
    expect(
      believers.map(({ identity }) => identity).filter((identity) => identity !== holder),
      'who may write has the Lease',
    ).toEqual([]);
    expect(this.all.flatMap(({ trespasses }) => trespasses)).toEqual([]);
    expect(this.all.map(({ failure }) => failure).filter((failure) => failure !== undefined)).toEqual([]);
  };

  pass(time: number): Promise<void> {
    return this.world.pass(time, this.check);
  }

  /** Who is meant: 0 is the one that leads, others are counted. */
  #pick(index: number): Candidate | undefined {
    return index === 0 ? (this.leader ?? this.all.at(-1)) : this.all.at(-index);
  }

  async happens(what: Happening): Promise<void> {
    const meant = 'who' in what ? this.#pick(what.who) : undefined;
    switch (what.kind) {
      case 'pass':
        return this.pass(what.ms);
      case 'network':
        return meant?.setNetwork(what.network);
      case 'outage':
        return this.all.forEach((one) => one.setNetwork(what.network));
      case 'halt':
        return meant?.halt();
      case 'halt after a write':
        return meant?.haltAfterWrite();
      case 'go on':
        return meant?.goOn(what.first);
      case 'set the clock':
        return meant?.setClock(what.jump);
      case 'kill':
        return meant?.kill();
      case 'stop':
        return meant?.stop();
      case 'start':
        if (this.living.length < 4) this.start(what.machine);
    }
  }

  [Symbol.dispose](): void {
    for (const one of this.all) one.kill();
  }
}

const { leaseDuration, retryPeriod } = DEFAULT_LEASE_TIMES;
/** By the slowest clock; a wait between two tries is up to 2.2 retry periods, as that of client-go. */
const NEXT_LEADER_MS = (leaseDuration + 2.2 * retryPeriod) / SLOWEST;

let runs = 0;
const electorate = (): Electorate => new Electorate(`lease-${(runs += 1)}`);

describe('leader election, whatever happens to clocks, network and processes', () => {
  it('lets only the holder write, finds a leader in time, and hands over at once', async () => {
    const happenings = fc.array(happening, { minLength: 4, maxLength: 24, size: 'max' });
    const property = fc.asyncProperty(machine, machine, happenings, async (one, other, all) => {
      using processes = electorate();
      processes.start(one);
      processes.start(other);
      await processes.pass(0);
      for (const what of all) {
        await processes.happens(what);
        await processes.pass(0);
      }
      if (processes.living.length === 0) processes.start(other);
      for (const each of processes.all) each.heal();
      await processes.pass(NEXT_LEADER_MS);
      const { leader } = processes;
      expect(leader, 'somebody leads again').toBeDefined();
      leader?.stop();
      await processes.pass(0);
      if (processes.living.length > 0) expect(processes.leader, 'hands over without waiting').toBeDefined();
    });
    await fc.assert(property, { numRuns: 200 });
  });

  it('hands over at once, also when the stop cuts off a renewal that the API does', async () => {
    const slow = fc.integer({ min: 0, max: 4000 });
    const property = fc.asyncProperty(machine, machine, slow, slow, async (one, other, late, when) => {
      using processes = electorate();
      const leader = processes.start(one);
      await processes.pass(0);
      const next = processes.start(other);
      await processes.pass(100);
      leader.setNetwork({ slow: late });
      await processes.pass(when);
      leader.stop();
      leader.setNetwork('good');
      await processes.pass(0);
      expect(next.mayWrite).toBe(true);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});
