import { hash, timingSafeEqual } from 'node:crypto';
import { StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/user.ts';

export interface Credentials {
  authorization: string | undefined;
}

/** Called once per request; other ways to log in are other implementations. */
export interface Authenticator {
  /** Undefined when the request shows no credentials. @throws StatusError Unauthorized for wrong ones */
  authenticate(credentials: Credentials): Promise<User | undefined>;
}

/** One bearer token for one user. */
export function createTokenAuthenticator(options: { token: string; user: User }): Authenticator {
  const expected = digest(options.token);
  return {
    async authenticate({ authorization }) {
      if (authorization === undefined || authorization === '') return undefined;
      const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      // Digests have one length, so the time it takes tells nothing about the token.
      if (token === undefined || !timingSafeEqual(digest(token), expected)) throw unauthorized();
      return options.user;
    },
  };
}

const digest = (token: string): Buffer => hash('sha256', token, 'buffer');

export function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}
