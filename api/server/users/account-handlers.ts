import type { ResourceRequest } from '../request/resource-request.ts';
import { secret } from './login-routes.ts';

/** A key for an APIKey, shown this once; an earlier one no longer works. */
export async function handleApiKeyToken({ options, place }: ResourceRequest): Promise<Response> {
  const key = await options.accounts.apiKeys.issue(place.name);
  return secret({ key }, 201);
}

/** A token with which a User sets a new password, for an administrator to hand on. */
export async function handlePasswordReset({ options, place }: ResourceRequest): Promise<Response> {
  return secret(await options.accounts.recovery.resetFor(place.name), 201);
}
