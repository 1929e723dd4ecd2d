import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { withFaults } from '#api/client/with-faults';
import { createManualClock } from '#api/machinery/manual-clock';
import type { ManualClock } from '#api/machinery/manual-clock';
import { silentLogger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { DEFAULT_LEASE_TIMES, LeaderElection } from '#controllers/runtime/leader-election';
import type { Term } from '#controllers/runtime/leader-election';
import { LEASES } from '#controllers/runtime/lease';
import type { Lease } from '#controllers/runtime/lease';
import { startTestApi } from './made-up-kinds.ts';

let api: Awaited<ReturnType<typeof startTestApi>>;
let client: Client;
beforeAll(async () => {
  api = await startTestApi();
  ({ client } = api.connection);
});
afterAll(() => api[Symbol.asyncDispose]());

interface Candidate extends AsyncDisposable {
  election: LeaderElection;
  clock: ManualClock;
  acquire(): Promise<Term>;
  /** Events about the Lease. */
  told: string[];
  /** Changes of the Lease that its watch has shown. */
  seen(): number;
  /** From now on the API is away for this one. */
  cutOff(): void;
}

let leases = 0;

/** Processes that want one Lease. Each has a clock of its own, which stands still unless the test moves it. */
function electorate() {
  leases += 1;
  const lease = { namespace: 'default', name: `lease-${leases}` };
  const candidate = (identity: string, start = 0): Candidate => {
    const clock = createManualClock(start);
    const ending = new AbortController();
    let away = false;
    let seen = 0;
    const told: string[] = [];
    const election = new LeaderElection({
      client: withFaults(client, {
        before() {
          if (away) throw new StatusError('ServiceUnavailable', 'made up');
        },
        onEvent() {
          seen += 1;
          return 'pass';
        },
      }),
      ...{ lease, identity, clock, logger: silentLogger, times: DEFAULT_LEASE_TIMES, random: () => 0 },
      recorder: {
        event: (about, { type, reason, message }) => told.push([about.kind, type, reason, message].join(' ')),
      },
    });
    const terms: Promise<Term>[] = [];
    return {
      election,
      clock,
      told,
      acquire() {
        const term = election.acquire(ending.signal);
        terms.push(term.catch(() => ({ lost: ending.signal, release: () => Promise.resolve() })));
        return term;
      },
      seen: () => seen,
      cutOff: () => void (away = true),
      async [Symbol.asyncDispose]() {
        ending.abort(new Error('the test is over'));
        for (const term of terms) await (await term).release();
      },
    };
  };
  return { candidate, current: (): Promise<Lease> => client.get(LEASES, lease) };
}

/** Waits for what the other side of a real connection does; moves this candidate's time on meanwhile. */
async function until(holds: () => boolean, { clock }: { clock: ManualClock }, stepMs: number): Promise<void> {
  await expect
    .poll(() => {
      clock.advance(stepMs);
      return holds();
    })
    .toBe(true);
}

describe('leader election on the real API', () => {
  it('takes a free Lease and writes it as client-go does', async () => {
    const { candidate, current } = electorate();
    await using one = candidate('one', Date.parse('2026-01-02T03:04:05.678Z'));
    await one.acquire();
    expect((await current()).spec).toEqual({
      holderIdentity: 'one',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-02T03:04:05.678000Z',
      renewTime: '2026-01-02T03:04:05.678000Z',
      leaseTransitions: 0,
    });
    expect(one.election.leads).toBe(true);
  });

  it('hands over at once when the leader gives the Lease up, without any time passing', async () => {
    const { candidate, current } = electorate();
    await using one = candidate('one');
    await using other = candidate('other');
    const term = await one.acquire();
    const waiting = other.acquire();
    await expect.poll(() => other.election.holder).toBe('one');
    await term.release();
    await waiting;
    expect(one.election.leads).toBe(false);
    expect(one.told, 'in the words of client-go').toEqual([
      'Lease Normal LeaderElection one became leader',
      'Lease Normal LeaderElection one stopped leading',
    ]);
    expect(other.told).toEqual(['Lease Normal LeaderElection other became leader']);
    expect((await current()).spec).toMatchObject({ holderIdentity: 'other', leaseTransitions: 1 });
  });

  it('waits for the duration of the Lease when the leader is silent, and not a moment less', async () => {
    const { candidate } = electorate();
    await using one = candidate('one');
    // Its clock is two hours behind, which is of no account.
    await using other = candidate('other', -7_200_000);
    await one.acquire();
    const waiting = other.acquire();
    await expect.poll(() => other.election.holder).toBe('one');
    other.clock.advance(14_999);
    expect(other.election.leads).toBe(false);
    other.clock.advance(1);
    await waiting;
    expect(other.election.holder).toBe('other');
  });

  it('waits on while the leader renews', async () => {
    const { candidate } = electorate();
    await using one = candidate('one');
    await using other = candidate('other');
    await one.acquire();
    void other.acquire().catch(() => undefined);
    await expect.poll(() => other.election.holder).toBe('one');
    for (let round = 0; round < 5; round += 1) {
      const before = other.seen();
      one.clock.advance(DEFAULT_LEASE_TIMES.retryPeriod);
      await expect.poll(() => other.seen()).toBe(before + 1);
      other.clock.advance(14_000);
    }
    expect(other.election.leads).toBe(false);
    expect(one.election.leads).toBe(true);
  });

  it('stops before another one may begin, when it cannot renew', async () => {
    const { candidate } = electorate();
    await using one = candidate('one');
    const term = await one.acquire();
    one.cutOff();
    await until(() => term.lost.aborted, one, 1000);
    expect(one.clock.now()).toBe(DEFAULT_LEASE_TIMES.renewDeadline);
    expect(() => one.election.assertHeld()).toThrow('does not lead');
  });

  it('stops when it sees that another one leads, as after a long sleep', async () => {
    const { candidate } = electorate();
    await using one = candidate('one');
    await using other = candidate('other');
    const term = await one.acquire();
    const waiting = other.acquire();
    await expect.poll(() => other.election.holder).toBe('one');
    other.clock.advance(15_000);
    await waiting;
    one.clock.advance(DEFAULT_LEASE_TIMES.retryPeriod);
    await expect.poll(() => term.lost.aborted).toBe(true);
    expect(one.clock.now(), 'by what it saw, not by its deadline').toBe(DEFAULT_LEASE_TIMES.retryPeriod);
    expect(() => other.election.assertHeld()).not.toThrow();
  });

  it('does not wait for a process of its own name, which has died', async () => {
    const { candidate, current } = electorate();
    await using before = candidate('server');
    await before.acquire();
    await using after = candidate('server');
    await after.acquire();
    expect((await current()).spec).toMatchObject({ holderIdentity: 'server', leaseTransitions: 0 });
  });

  it('lets one of many lead, whoever comes first', async () => {
    const { candidate } = electorate();
    await using stack = new AsyncDisposableStack();
    const all = Array.from({ length: 8 }, (_, index) => stack.use(candidate(`candidate-${index}`)));
    const terms = all.map((one) => one.acquire());
    for (let turn = 0; turn < all.length; turn += 1) {
      const [index, term] = await Promise.race(terms.map(async (won, at) => [at, await won] as const));
      expect(all.filter(({ election }) => election.leads)).toEqual([all[index]]);
      terms[index] = new Promise(() => undefined);
      await term.release();
    }
  });
});
