import type { X509Certificate } from 'node:crypto';
import { StatusError } from '../machinery/status-error.ts';
import type { User } from '../machinery/users/user.ts';

/** Where a request may say who makes it. */
export interface Credentials {
  /** Without the query; decoded once, as the router sees it. */
  path: string;
  /** By its name in lower case; lines that stand there several times are joined by commas. */
  header(name: string): string | undefined;
  /**
   * The lines of a header one by one, since a name may hold a comma; its name in lower case.
   * @throws StatusError BadRequest for bytes that are no UTF-8
   */
  headerLines(name: string): readonly string[];
  /** All lines of headers whose names begin with `prefix`, in lower case. @throws as headerLines */
  headerLinesWithPrefix(prefix: string): readonly HeaderLine[];
  /** The certificate that the client showed when it connected; undefined where it showed nothing. */
  clientCertificate(): ClientCertificate | undefined;
}

export interface ClientCertificate {
  /** The client's own, whose key it has shown to hold. */
  leaf: X509Certificate;
  /** The other certificates that the client sent, in any order. */
  intermediates: readonly X509Certificate[];
  /**
   * Whether TLS found a good chain to one of the authorities that it knew at that moment. Who counts as what needs
   * another look, which is at the time of the request (TrustBundle).
   */
  isAuthorized: boolean;
}

export interface HeaderLine {
  /** In lower case. */
  name: string;
  value: string;
}

/** One way to log in (apiserver pkg/authentication/authenticator Request). */
export interface Authenticator {
  /** Undefined when the request shows no credentials of this sort. @throws StatusError Unauthorized for wrong ones */
  authenticate(credentials: Credentials): Promise<User | undefined>;
}

/** One sort of tokens. */
export interface TokenAuthenticator {
  /**
   * Whose token it is; undefined for one that it does not know.
   * @throws StatusError Unauthorized for one that it knows and refuses
   */
  authenticateToken(token: string): Promise<User | undefined>;
  /**
   * As authenticateToken, for somebody else than this server: who a token is meant for must be one of `audiences`.
   * Absent: its tokens are meant for this server and nobody else.
   */
  reviewToken?(token: string, audiences: readonly string[]): Promise<ReviewedToken | undefined>;
}

export interface ReviewedToken {
  user: User;
  /** Those asked for whom the token is meant for; never empty. */
  audiences: readonly string[];
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

/** `cause`: why, for those who may know; the client is not told. */
export function unauthorized(cause?: unknown): StatusError {
  return new StatusError('Unauthorized', 'Unauthorized', { cause });
}
