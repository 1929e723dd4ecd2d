import type { Clock } from '../../machinery/clock.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { MemoryCounts } from './failure-counts.ts';
import type { CountedKey, DelayRule, FailureCounts } from './failure-counts.ts';

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

/** How often people may try. */
export interface LoginAttempts {
  /** @throws StatusError TooManyRequests, with the seconds to wait, before any password is looked at */
  enter(attempt: LoginAttempt): Promise<AdmittedAttempt>;
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
} as const satisfies Record<string, DelayRule>;

/**
 * While an account is attacked from many networks, each of them gets one attempt, then waits: the next turn is that of a
 * network that has not failed yet, such as the owner's on a new device, and not of those who ask most often.
 */
const ATTACKED: DelayRule = { free: 0, firstDelay: 60_000, longestDelay: 60 * 60_000 };

export interface LoginAttemptsOptions {
  clock: Clock;
  /** The counts that replicas share; while it rejects, and where it is absent, each counts for itself. */
  shared?: FailureCounts | undefined;
}

export function createLoginAttempts({ clock, shared }: LoginAttemptsOptions): LoginAttempts {
  const own = new MemoryCounts({ clock });
  const enterShared = async (keys: readonly CountedKey[]): Promise<number | undefined> => {
    const wait = await shared?.enter(keys).catch(() => undefined);
    // Attempts at this replica are counted here as well, for when the others cannot be asked.
    if (wait === 0) own.note(keys);
    return wait;
  };
  return {
    async enter(attempt) {
      const keys = keysOf(attempt);
      const wait = (await enterShared(keys)) ?? (await own.enter(keys));
      if (wait > 0) throw tooMany(wait);
      return {
        async succeeded() {
          await own.settle(keys);
          await shared?.settle(keys).catch(() => undefined);
        },
      };
    },
  };
}

/** One's own success forgives one's own failures, not those of others. */
function keysOf({ userName, network, device }: LoginAttempt): CountedKey[] {
  // People type names of any length: a long one takes no more room than others.
  const name = userName.slice(0, 64);
  if (device !== undefined) return [{ key: `device ${name} ${device}`, rule: RULES.device, forgives: 'all' }];
  return [
    { key: `pair ${network} ${name}`, rule: RULES.pair, pressedRule: ATTACKED, forgives: 'all' },
    { key: `account ${name}`, rule: RULES.account, presses: true, forgives: 'one' },
    { key: `network ${network}`, rule: RULES.network, forgives: 'one' },
  ];
}

function tooMany(waitMs: number): StatusError {
  return new StatusError('TooManyRequests', 'Too many attempts to log in, please try again later', {
    details: { retryAfterSeconds: Math.ceil(waitMs / 1000) },
  });
}
