import { BoundedCache } from '../../machinery/bounded-cache.ts';
import type { Clock } from '../../machinery/clock.ts';
import { StatusError } from '../../machinery/status-error.ts';

/** Somebody who shows a name and a password. */
export interface LoginAttempt {
  /** As it was given: names without an account are counted like all others. */
  userName: string;
  /** Where it comes from: what counts as one place on the network. */
  network: string;
  /** The id in a valid device token of this very account. */
  device: string | undefined;
}

/** An attempt that was let through. It counts as failed until it says otherwise. */
export interface AdmittedAttempt {
  succeeded(): Promise<void>;
}

/** How often people may try. Another implementation may share its counts between replicas. */
export interface LoginAttempts {
  /** @throws StatusError TooManyRequests, with the seconds to wait, before any password is looked at */
  enter(attempt: LoginAttempt): Promise<AdmittedAttempt>;
}

interface Rule {
  /** Failures without a delay. */
  free: number;
  /** After the first failure beyond; it doubles with each. Milliseconds. */
  firstDelay: number;
  longestDelay: number;
}

/**
 * After the OWASP cheat sheets on authentication and on device cookies: those who come from a device that the account
 * was used from before are counted by themselves, so that nobody else can lock them out. All others of one account are
 * counted by network, and together; the delay of the latter is short, since strangers can bring it about.
 */
const RULES = {
  device: { free: 10, firstDelay: 1000, longestDelay: 60_000 },
  pair: { free: 5, firstDelay: 1000, longestDelay: 15 * 60_000 },
  account: { free: 30, firstDelay: 1000, longestDelay: 30_000 },
  network: { free: 100, firstDelay: 1000, longestDelay: 60_000 },
} as const satisfies Record<string, Rule>;

type Sort = keyof typeof RULES;

/** Failures are forgotten after so long without another one. */
const FORGET_MS = 60 * 60_000;
const MOST_COUNTS = 50_000;

interface Count {
  failures: number;
  lastAt: number;
}

/** Counts in the memory of this process, with a bound. */
export function createLoginAttempts({ clock }: { clock: Clock }): LoginAttempts {
  const counts = new BoundedCache<Count>({ most: MOST_COUNTS });
  return {
    async enter(attempt) {
      const now = clock.now();
      const keys = keysOf(attempt);
      const wait = Math.max(0, ...keys.map(({ key, sort }) => waitOf(counts.get(key), RULES[sort], now)));
      if (wait > 0) throw tooMany(wait);
      // Counted now, not when it has failed: a thousand at once must not all come before the first failure.
      for (const { key } of keys) raise(counts, key, now);
      return {
        async succeeded() {
          for (const { key, sort } of keys) settle(counts, key, sort);
        },
      };
    },
  };
}

function keysOf({ userName, network, device }: LoginAttempt): { sort: Sort; key: string }[] {
  // People type names of any length: a long one takes no more room than others.
  const name = userName.slice(0, 64);
  if (device !== undefined) return [{ sort: 'device', key: `device ${name} ${device}` }];
  return [
    { sort: 'pair', key: `pair ${network} ${name}` },
    { sort: 'account', key: `account ${name}` },
    { sort: 'network', key: `network ${network}` },
  ];
}

function waitOf(count: Count | undefined, { free, firstDelay, longestDelay }: Rule, now: number): number {
  if (count === undefined || count.failures <= free) return 0;
  const delay = Math.min(firstDelay * 2 ** (count.failures - free - 1), longestDelay);
  return count.lastAt + delay - now;
}

function raise(counts: BoundedCache<Count>, key: string, now: number): void {
  const known = counts.get(key);
  const failures = known === undefined || known.lastAt + FORGET_MS <= now ? 0 : known.failures;
  counts.set(key, { failures: failures + 1, lastAt: now });
}

/** One's own success forgives one's own failures, not those of others. */
function settle(counts: BoundedCache<Count>, key: string, sort: Sort): void {
  const known = counts.get(key);
  if (known === undefined) return;
  if (sort === 'device' || sort === 'pair') counts.delete(key);
  else counts.set(key, { ...known, failures: known.failures - 1 });
}

function tooMany(waitMs: number): StatusError {
  return new StatusError('TooManyRequests', 'Too many attempts to log in, please try again later', {
    details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  });
}
