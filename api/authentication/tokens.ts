import { isStatusError } from '../machinery/status-error.ts';
import type { StatusError } from '../machinery/status-error.ts';
import type { User } from '../machinery/users/user.ts';
import { unauthorized } from './authenticator.ts';
import type { ReviewedToken, TokenAuthenticator } from './authenticator.ts';

export interface ServerTokens extends TokenAuthenticator {
  reviewToken(token: string, audiences: readonly string[]): Promise<ReviewedToken | undefined>;
}

export interface ServerTokensOptions {
  /** All sorts of tokens, in the order in which they are asked. */
  authenticators: readonly TokenAuthenticator[];
  /** Under which names this server is meant. */
  audiences: readonly string[];
}

/**
 * All tokens that the server knows. The first sort that knows one decides; that another sort refuses it counts only when
 * none knows it (apiserver pkg/authentication/token/union).
 */
export function createServerTokens({ authenticators, audiences: own }: ServerTokensOptions): ServerTokens {
  return {
    authenticateToken: (token) => firstOf(authenticators, (one) => one.authenticateToken(token)),
    reviewToken: (token, asked) => {
      const audiences = asked.length === 0 ? own : asked;
      return firstOf(authenticators, (one) => review(one, { token, audiences, own }));
    },
  };
}

interface Question {
  token: string;
  audiences: readonly string[];
  own: readonly string[];
}

/** Tokens that name nobody are meant for this server (apiserver pkg/authentication/authenticator/audagnostic.go). */
async function review(
  authenticator: TokenAuthenticator,
  { token, audiences, own }: Question,
): Promise<ReviewedToken | undefined> {
  if (authenticator.reviewToken !== undefined) return authenticator.reviewToken(token, audiences);
  const meant = own.filter((one) => audiences.includes(one));
  if (meant.length === 0) return undefined;
  const user: User | undefined = await authenticator.authenticateToken(token);
  return user && { user, audiences: meant };
}

async function firstOf<T>(
  authenticators: readonly TokenAuthenticator[],
  ask: (authenticator: TokenAuthenticator) => Promise<T | undefined>,
): Promise<T | undefined> {
  const failures: unknown[] = [];
  for (const authenticator of authenticators) {
    try {
      const found = await ask(authenticator);
      if (found !== undefined) return found;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw worstOf(failures);
  return undefined;
}

/** A token must not count as wrong because a database was away. */
function worstOf(failures: readonly unknown[]): StatusError {
  const errors = failures.map((one) => (isStatusError(one) ? one : unauthorized(one)));
  return errors.find((one) => !isStatusError(one, 'Unauthorized')) ?? errors[0] ?? unauthorized();
}
