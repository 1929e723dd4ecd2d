import { createHmac, randomBytes } from 'node:crypto';
import { BoundedCache } from '../machinery/bounded-cache.ts';
import type { Clock } from '../machinery/clock.ts';
import type { User } from '../machinery/users/user.ts';
import type { TokenAuthenticator } from './authenticator.ts';

export interface TokenCacheOptions {
  /** How long the user of a token is kept; 0: not at all. */
  successMs: number;
  /** How long it is kept that nobody knows a token; 0: not at all. Errors are never kept. */
  failureMs: number;
  /** Answers at most. */
  size?: number;
  clock: Clock;
}

interface Answer {
  user: User | undefined;
  until: number;
}

/**
 * Keeps answers for a little while, and asks once for those who ask at the same time (apiserver
 * authentication/token/cache). Tokens are not kept: a key of this process makes them unrecognizable.
 */
export function createTokenCache(
  tokens: Pick<TokenAuthenticator, 'authenticateToken'>,
  { successMs, failureMs, size = 10_000, clock }: TokenCacheOptions,
): TokenAuthenticator {
  const secret = randomBytes(32);
  const kept = new BoundedCache<Answer>({ most: size });
  const asked = new Map<string, Promise<User | undefined>>();
  const keep = (key: string, user: User | undefined): void => {
    const ms = user === undefined ? failureMs : successMs;
    if (ms > 0) kept.set(key, { user, until: clock.now() + ms });
  };
  const ask = async (key: string, token: string): Promise<User | undefined> => {
    try {
      const user = await tokens.authenticateToken(token);
      keep(key, user);
      return user;
    } finally {
      asked.delete(key);
    }
  };
  return {
    async authenticateToken(token) {
      const key = createHmac('sha256', secret).update(token).digest('base64');
      const answer = kept.get(key);
      if (answer !== undefined && clock.now() < answer.until) return answer.user;
      const asking = asked.get(key) ?? ask(key, token);
      asked.set(key, asking);
      return asking;
    },
  };
}
