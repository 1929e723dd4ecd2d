import { StatusError } from '../machinery/status-error.ts';
import type { User } from '../machinery/user.ts';

/**
 * Where a request may say who makes it. More ways to log in look at other headers, or add what they need here, such
 * as the certificate of the client.
 */
export interface Credentials {
  /** By its name in lower case; lines that stand there several times are joined by commas. */
  header(name: string): string | undefined;
}

/** One way to log in (apiserver pkg/authentication/authenticator Request). */
export interface Authenticator {
  /** Undefined when the request shows no credentials of this sort. @throws StatusError Unauthorized for wrong ones */
  authenticate(credentials: Credentials): Promise<User | undefined>;
}

/** Whose token it is; undefined for one that it does not know. */
export interface TokenAuthenticator {
  authenticateToken(token: string): Promise<User | undefined>;
}

/**
 * Tries one way after the other until one knows the user; wrong credentials count only when no way knows any
 * (apiserver pkg/authentication/request/union).
 */
export function createUnionAuthenticator(authenticators: readonly Authenticator[]): Authenticator {
  return {
    async authenticate(credentials) {
      const failures: unknown[] = [];
      for (const authenticator of authenticators) {
        try {
          const user = await authenticator.authenticate(credentials);
          if (user !== undefined) return user;
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return undefined;
    },
  };
}

export function unauthorized(): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized');
}
