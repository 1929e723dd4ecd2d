import type { Attributes } from '../../../machinery/users/authorizer.ts';
import type { EndpointClass } from './rates.ts';

/** Each takes a password, or a token in its place. To renew a session or to end it is nothing to guess at. */
const LOGIN_PATHS = new Set(
  ['activate', 'change-password', 'forgot-password', 'login', 'register', 'reset-password'].map(
    (name) => `/api/auth/${name}`,
  ),
);

/** Whether a request is counted before anybody knows who makes it. */
export function isLogin(method: string, path: string): boolean {
  return method === 'POST' && LOGIN_PATHS.has(path);
}

/** Of ServiceAccounts and APIKeys, and of Users. */
const TOKEN_SUBRESOURCES = new Set(['passwordreset', 'token']);

/** The sort of a request whose user is known. */
export function endpointClass({ verb, path, resource }: Attributes): EndpointClass {
  if (resource === undefined) {
    const isSensitive = path.startsWith('/admin/') || (verb === 'post' && path === '/api/users/me/api-keys');
    return isSensitive ? 'sensitive' : 'api';
  }
  const makesToken = verb === 'create' && TOKEN_SUBRESOURCES.has(resource.subresource);
  return makesToken ? 'sensitive' : 'api';
}
