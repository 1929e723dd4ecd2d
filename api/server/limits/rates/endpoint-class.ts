import type { Attributes } from '../../../machinery/authorizer.ts';
import type { EndpointClass } from './rates.ts';

/** Paths below which people log in. */
const LOGIN_PATHS = '/api/auth/';

/** Whether a request is counted before anybody knows who makes it. */
export function isLogin(method: string, path: string): boolean {
  return method === 'POST' && path.startsWith(LOGIN_PATHS);
}

/** The sort of a request whose user is known. */
export function endpointClass({ verb, path, resource }: Attributes): EndpointClass {
  if (resource === undefined) return path.startsWith('/admin/') ? 'sensitive' : 'api';
  const makesToken =
    verb === 'create' && resource.plural === 'serviceaccounts' && resource.subresource === 'token';
  return makesToken ? 'sensitive' : 'api';
}
