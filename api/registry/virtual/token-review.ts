import type { ServerTokens } from '../../authentication/tokens.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest, isStatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { RegistryContext } from '../context.ts';
import { userInfo } from './user-info.ts';

interface Spec {
  token?: string;
  audiences?: string[];
}

/**
 * Whose token something is, by the authenticators that judge requests (kubernetes
 * pkg/registry/authentication/tokenreview/storage.go).
 * @throws StatusError BadRequest; ServiceUnavailable when it cannot be told, so that nobody takes that for a no
 */
export async function tokenReview(
  { tokens }: Pick<RegistryContext, 'tokens'>,
  _asking: User,
  review: Unstructured,
): Promise<Unstructured> {
  const spec = (review['spec'] ?? {}) as Spec;
  const { token = '', audiences = [] } = spec;
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const status = await statusOf(tokens, token, audiences);
  return { ...review, spec, status };
}

async function statusOf(tokens: ServerTokens, token: string, asked: readonly string[]): Promise<object> {
  try {
    const found = await tokens.reviewToken(token, asked);
    if (found === undefined) return refused();
    return { authenticated: true, user: userInfo(found.user), audiences: found.audiences };
  } catch (error) {
    if (!isStatusError(error, 'Unauthorized')) throw error;
    return refused(error.cause);
  }
}

/** In the words of an aggregate of errors in Go. */
function refused(why?: unknown): object {
  const error = 'invalid bearer token';
  return { user: {}, error: why === undefined ? error : `[${error}, ${describeError(why)}]` };
}
