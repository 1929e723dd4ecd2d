import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import type { SteadyClock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { EventSink } from './controller-context.ts';
import { claimed, LEASES, released } from './lease.ts';
import type { Lease } from './lease.ts';

/** All in milliseconds; each is longer than the one after it. */
export interface LeaseTimes {
  /** Others may take a Lease that they have not seen renewed for so long. */
  leaseDuration: number;
  /** The holder stops when it could not renew the Lease for so long. */
  renewDeadline: number;
  /** Between two tries to take or to renew it. */
  retryPeriod: number;
}

/** Those of client-go and kube-controller-manager. */
export const DEFAULT_LEASE_TIMES: LeaseTimes = {
  leaseDuration: 15_000,
  renewDeadline: 10_000,
  retryPeriod: 2000,
};

export interface LeaderElectionOptions {
  client: Pick<Client, 'list' | 'watch'> & { within(signal: AbortSignal): LeaseClient };
  lease: Required<ObjectRef>;
  /** Of this process, and of no other one that is alive. */
  identity: string;
  times: LeaseTimes;
  clock: SteadyClock;
  logger: Logger;
  /** Absent: the Lease gets no Events. */
  recorder?: EventSink;
  /** [0, 1); for jitter. */
  random?: () => number;
}

type LeaseClient = Pick<Client, 'create' | 'find' | 'update'>;

/** The outcome of a try to take or to renew the Lease; `unknown` when the server did not say. */
type Outcome = 'ours' | 'theirs' | 'unknown';

/** By both clocks: the one that shows the date stands still for nobody, the other one cannot be set. */
interface Moment {
  date: number;
  elapsed: number;
}

/** The time that one process leads. */
export interface Term {
  /** Aborts when the Lease is lost, with the reason. */
  readonly lost: AbortSignal;
  /** Gives the Lease up, when all work is done: whoever waits for it has it at once. Never rejects. */
  release(): Promise<void>;
}

/** client-go waits for 1 to 2.2 retry periods between tries to take a Lease (leaderelection.JitterFactor). */
const JITTER = 1.2;

/**
 * Lets one of several processes lead, by a Lease, as client-go does (tools/leaderelection). Times of other
 * clocks are not believed: a Lease counts as held for its duration from when *we* saw it change. The holder counts
 * from before it asked for a renewal, so it stops `leaseDuration - renewDeadline` before another one can begin.
 *
 * Guaranteed, wherever a process is halted and however its clock is set: when `assertHeld` returns, nobody else has
 * taken the Lease since our last renewal. This holds while clocks run at speeds whose ratio is below
 * `leaseDuration / renewDeadline`, and while nobody deletes the Lease, edits it or uses our identity. A request that
 * began then may still arrive when another one leads: the versions of objects decide about that one.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  #seen: Lease | undefined;
  /** The Lease has not changed for its duration. */
  #isExpired = false;
  #cancelExpiry = (): void => undefined;
  /** The Lease may be free, which the try that is under way may not have seen. */
  #isAwake = false;
  #endPause = (): void => undefined;
  /** Until when we may work; undefined while we do not lead. */
  #heldUntil: Moment | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
  }

  /** Whether this process leads. */
  get leads(): boolean {
    return this.#heldUntil !== undefined;
  }

  /** Whom the Lease named when it was seen last; empty for nobody. */
  get holder(): string {
    return this.#seen?.spec?.holderIdentity ?? '';
  }

  /** Right before a write: a process that was stopped for a while comes back in the middle of its work. @throws StatusError */
  assertHeld(): void {
    const { clock } = this.#options;
    const until = this.#heldUntil;
    if (until !== undefined && clock.now() < until.date && clock.elapsed() < until.elapsed) return;
    throw new StatusError('ServiceUnavailable', 'this process does not lead any more');
  }

  /** @throws Error when we lead without having renewed the Lease for long: the loop that should end that is stuck */
  check(): void {
    const { clock, times } = this.#options;
    if (this.#heldUntil === undefined) return;
    if (clock.elapsed() < this.#heldUntil.elapsed + times.leaseDuration) return;
    throw new Error('leads without a lease');
  }

  /** Waits for the Lease. Rejects with the signal's reason when it aborts. */
  async acquire(signal: AbortSignal): Promise<Term> {
    const { times, random = Math.random } = this.#options;
    const waiting = new AbortController();
    const watching = this.#watch(AbortSignal.any([signal, waiting.signal]));
    try {
      for (;;) {
        const began = this.#now();
        this.#isAwake = false;
        if ((await this.#attempt(signal)) === 'ours') return this.#begin(began);
        await this.#pause(times.retryPeriod * (1 + JITTER * random()), signal);
      }
    } finally {
      waiting.abort();
      await watching;
    }
  }

  /** A Lease that is given up, deleted or expires is tried for at once. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { client, clock, lease } = this.#options;
    const look = (seen: Lease | undefined): void => {
      // A Lease that was on its way when the wait ended is older than the one that we know by now.
      if (signal.aborted) return;
      if (seen !== undefined) this.#observe(seen);
      if (seen === undefined || this.holder === '') this.#wake();
    };
    const { namespace, name } = lease;
    await runReflector<Lease>({
      ...{ client, clock, signal, namespace, type: LEASES, fieldSelector: `metadata.name=${name}` },
      target: {
        replace: ([seen]) => look(seen),
        apply: (change, seen) => look(change === 'DELETED' ? undefined : seen),
      },
    });
  }

  #wake(): void {
    this.#isAwake = true;
    this.#endPause();
  }

  /** Waits, but not when there is reason to try again at once. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#endPause = () => woken.abort();
    if (this.#isAwake) woken.abort();
    await sleep(this.#options.clock, ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    signal.throwIfAborted();
  }

  /** Takes or renews the Lease. Rejects with the signal's reason when it aborts. */
  async #attempt(signal: AbortSignal): Promise<Outcome> {
    const { clock, logger, times, client } = this.#options;
    const late = new AbortController();
    // One request that hangs must not use up the time in which others could be tried.
    const limit = times.renewDeadline / 2;
    const cancel = clock.after(limit, () => late.abort(new Error(`no answer within ${limit} ms`)));
    try {
      return await this.#takeOrRenew(client.within(AbortSignal.any([signal, late.signal])));
    } catch (error) {
      signal.throwIfAborted();
      logger.debug('the lease was not taken', { cause: describeError(error) });
      return 'unknown';
    } finally {
      cancel();
    }
  }

  async #takeOrRenew(client: LeaseClient): Promise<Outcome> {
    const { lease, identity, clock, times } = this.#options;
    const claim = { identity, durationSeconds: Math.ceil(times.leaseDuration / 1000), now: clock.now() };
    const found = await client.find(LEASES, lease);
    if (found === undefined) {
      const spec = claimed(undefined, claim);
      const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease }, spec };
      this.#observe(await client.create(LEASES, made));
      return 'ours';
    }
    this.#observe(found);
    const isFree = this.holder === '' || this.holder === identity || this.#isExpired;
    if (!isFree) return 'theirs';
    // Checked against what was read: of two that try, one gets a Conflict.
    this.#observe(await client.update(LEASES, { ...found, spec: claimed(found.spec, claim) }));
    return 'ours';
  }

  #observe(lease: Lease): void {
    const { uid, resourceVersion } = lease.metadata;
    const known = this.#seen?.metadata;
    if (known?.uid === uid && known?.resourceVersion === resourceVersion) return;
    this.#seen = lease;
    this.#isExpired = false;
    this.#cancelExpiry();
    // A timer and not a comparison: it does not mind when somebody sets the clock.
    this.#cancelExpiry = this.#options.clock.after((lease.spec?.leaseDurationSeconds ?? 1) * 1000, () => {
      this.#isExpired = true;
      this.#wake();
    });
  }

  /** @param renewed when the renewal was asked for that gave us the Lease */
  #begin(renewed: Moment): Term {
    const { clock, logger, identity, times } = this.#options;
    const lost = new AbortController();
    const stop = new AbortController();
    let cancel = (): void => undefined;
    const hold = ({ date, elapsed }: Moment): void => {
      cancel();
      const until = { date: date + times.renewDeadline, elapsed: elapsed + times.renewDeadline };
      this.#heldUntil = until;
      const why = `the lease was not renewed for ${times.renewDeadline} ms`;
      cancel = clock.after(until.elapsed - clock.elapsed(), () => lose(why));
    };
    const lose = (why: string): void => {
      if (this.#heldUntil === undefined) return;
      this.#heldUntil = undefined;
      this.#record('stopped leading');
      logger.warn('does not lead any more', { cause: why });
      lost.abort(new StatusError('ServiceUnavailable', why));
    };
    hold(renewed);
    this.#record('became leader');
    logger.info('leads now', { identity });
    const renewing = this.#renew({ hold, lose, signal: AbortSignal.any([stop.signal, lost.signal]) });
    return {
      lost: lost.signal,
      release: async () => {
        stop.abort();
        await renewing;
        cancel();
        await this.#release();
      },
    };
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { date: clock.now(), elapsed: clock.elapsed() };
  }

  /** An Event about the Lease, in the words of client-go (resourcelock.LeaseLock.RecordEvent). */
  #record(what: 'became leader' | 'stopped leading'): void {
    const { recorder, identity } = this.#options;
    if (this.#seen === undefined) return;
    recorder?.event(this.#seen, {
      type: 'Normal',
      reason: 'LeaderElection',
      message: `${identity} ${what}`,
    });
  }

  async #renew({ hold, lose, signal }: Renewal): Promise<void> {
    const { clock, times } = this.#options;
    while (!signal.aborted) {
      try {
        await sleep(clock, times.retryPeriod, signal);
        const began = this.#now();
        const outcome = await this.#attempt(signal);
        if (outcome === 'ours') hold(began);
        else if (outcome === 'theirs') lose(`${this.holder} holds the lease`);
      } catch {
        // The signal: the term is over.
        return;
      }
    }
  }

  async #release(): Promise<void> {
    const { client, clock, logger, identity, times } = this.#options;
    if (this.#heldUntil === undefined) return;
    this.#heldUntil = undefined;
    this.#record('stopped leading');
    const late = new AbortController();
    const cancel = clock.after(times.retryPeriod, () => late.abort(new Error('no answer')));
    try {
      await this.#giveUp(client.within(late.signal));
      logger.info('gave the lease up', { identity });
    } catch (error) {
      // It expires by itself.
      logger.warn('the lease was not given up', { cause: describeError(error) });
    } finally {
      cancel();
      this.#cancelExpiry();
    }
  }

  /** Reads first: the stop may have cut off a renewal that the server has done. */
  async #giveUp(client: LeaseClient): Promise<void> {
    const { lease, identity, clock } = this.#options;
    for (;;) {
      const found = await client.find(LEASES, lease);
      if (found?.spec?.holderIdentity !== identity) return;
      const spec = released(found.spec, clock.now());
      try {
        this.#observe(await client.update(LEASES, { ...found, spec }));
        return;
      } catch (error) {
        // That renewal arrived only now.
        if (!isStatusError(error, 'Conflict')) throw error;
      }
    }
  }
}

interface Renewal {
  hold(since: Moment): void;
  lose(why: string): void;
  signal: AbortSignal;
}
