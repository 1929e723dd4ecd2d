import { isDigestOf, secretDigest } from '../machinery/secret-hash.ts';
import type { User } from '../machinery/users/user.ts';
import type { TokenAuthenticator } from './authenticator.ts';

/** One token of one user. */
export function createStaticToken({ token: own, user }: { token: string; user: User }): TokenAuthenticator {
  const expected = secretDigest(own);
  return {
    async authenticateToken(token) {
      return isDigestOf(expected, token) ? user : undefined;
    },
  };
}
