import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import type { ObjectRef } from '#api/machinery/resource-type';
import { StatusError } from '#api/machinery/status-error';
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
  clock: Clock;
  logger: Logger;
  /** [0, 1); for jitter. */
  random?: () => number;
}

type LeaseClient = Pick<Client, 'create' | 'find' | 'update'>;

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
  #heldUntil: number | undefined;

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
    if (this.#heldUntil !== undefined && this.#options.clock.now() < this.#heldUntil) return;
    throw new StatusError('ServiceUnavailable', 'this process does not lead any more');
  }

  /** @throws Error when we lead without having renewed the Lease for long: the loop that should end that is stuck */
  check(): void {
    const { clock, times } = this.#options;
    if (this.#heldUntil === undefined || clock.now() < this.#heldUntil + times.leaseDuration) return;
    throw new Error('leads without a lease');
  }

  /** Waits for the Lease. Rejects with the signal's reason when it aborts. */
  async acquire(signal: AbortSignal): Promise<Term> {
    const { clock, logger, identity, times, random = Math.random } = this.#options;
    const waiting = new AbortController();
    const watching = this.#watch(AbortSignal.any([signal, waiting.signal]));
    try {
      for (;;) {
        const began = clock.now();
        this.#isAwake = false;
        if (await this.#attempt(signal)) {
          logger.info('leads now', { identity });
          return this.#begin(began);
        }
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

  /** Takes or renews the Lease; false when somebody else has it, or it cannot be known. */
  async #attempt(signal: AbortSignal): Promise<boolean> {
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
      return false;
    } finally {
      cancel();
    }
  }

  async #takeOrRenew(client: LeaseClient): Promise<boolean> {
    const { lease, identity, clock, times } = this.#options;
    const claim = { identity, durationSeconds: Math.ceil(times.leaseDuration / 1000), now: clock.now() };
    const found = await client.find(LEASES, lease);
    if (found === undefined) {
      const spec = claimed(undefined, claim);
      const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...lease }, spec };
      this.#observe(await client.create(LEASES, made));
      return true;
    }
    this.#observe(found);
    const isFree = this.holder === '' || this.holder === identity || this.#isExpired;
    if (!isFree) return false;
    // Checked against what was read: of two that try, one gets a Conflict.
    this.#observe(await client.update(LEASES, { ...found, spec: claimed(found.spec, claim) }));
    return true;
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

  /** @param renewed when the renewal was asked for that gave us the Lease, in milliseconds since the epoch */
  #begin(renewed: number): Term {
    const { clock, logger, times } = this.#options;
    const lost = new AbortController();
    const stop = new AbortController();
    let cancel = (): void => undefined;
    const hold = (since: number): void => {
      const left = since + times.renewDeadline - clock.now();
      cancel();
      this.#heldUntil = since + times.renewDeadline;
      cancel = clock.after(left, () => lose(`the lease was not renewed for ${times.renewDeadline} ms`));
    };
    const lose = (why: string): void => {
      if (this.#heldUntil === undefined) return;
      this.#heldUntil = undefined;
      logger.warn('does not lead any more', { cause: why });
      lost.abort(new StatusError('ServiceUnavailable', why));
    };
    hold(renewed);
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

  async #renew({ hold, lose, signal }: Renewal): Promise<void> {
    const { clock, identity, times } = this.#options;
    while (!signal.aborted) {
      try {
        await sleep(clock, times.retryPeriod, signal);
        const began = clock.now();
        if (await this.#attempt(signal)) hold(began);
        else if (this.holder !== identity) lose(`${this.holder || 'nobody'} holds the lease`);
      } catch {
        // The signal: the term is over.
        return;
      }
    }
  }

  async #release(): Promise<void> {
    const { client, clock, logger, identity, times } = this.#options;
    const isHeld = this.#heldUntil !== undefined && this.holder === identity;
    this.#heldUntil = undefined;
    if (!isHeld || this.#seen === undefined) return;
    const late = new AbortController();
    const cancel = clock.after(times.retryPeriod, () => late.abort(new Error('no answer')));
    try {
      const spec = released(this.#seen.spec ?? {}, clock.now());
      this.#observe(await client.within(late.signal).update(LEASES, { ...this.#seen, spec }));
      logger.info('gave the lease up', { identity });
    } catch (error) {
      // It expires by itself.
      logger.warn('the lease was not given up', { cause: describeError(error) });
    } finally {
      cancel();
      this.#cancelExpiry();
    }
  }
}

interface Renewal {
  hold(since: number): void;
  lose(why: string): void;
  signal: AbortSignal;
}
