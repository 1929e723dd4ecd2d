import { StatusError } from '../../machinery/status-error.ts';
import { ANONYMOUS } from '../../machinery/user.ts';
import type { User } from '../../machinery/user.ts';
import { unauthorized } from './authentication.ts';
import type { RequestAttributes } from './request-attributes.ts';

/** Called once per request; roles are to be another implementation. */
export interface Authorizer {
  authorize(user: User, attributes: RequestAttributes): Promise<boolean>;
}

/** What a probe or a client that looks for a server needs. */
const PUBLIC_PATHS = /^\/(?:version|(?:healthz|livez|readyz)(?:\/[^/]*)?)$/;

/** Everything for those who logged in; for others only what says that the server is there. */
export const authenticatedMayDoEverything: Authorizer = {
  async authorize(user, { path }) {
    return user !== ANONYMOUS || PUBLIC_PATHS.test(path);
  },
};

/** What the refused get: Unauthorized for the anonymous, so that they log in. */
export function refusal(user: User, attributes: RequestAttributes): StatusError {
  if (user === ANONYMOUS) return unauthorized();
  const { resource, path, verb } = attributes;
  if (resource === undefined) {
    return new StatusError('Forbidden', `forbidden: User "${user.name}" cannot ${verb} path "${path}"`);
  }
  const full =
    resource.subresource === undefined ? resource.plural : `${resource.plural}/${resource.subresource}`;
  const qualified = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
  const place =
    resource.namespace === '' ? 'at the cluster scope' : `in the namespace "${resource.namespace}"`;
  const name = resource.name === '' ? '' : ` "${resource.name}"`;
  return new StatusError(
    'Forbidden',
    `${qualified}${name} is forbidden: User "${user.name}" cannot ${verb} resource "${full}" in API group "${resource.group}" ${place}`,
    { details: { name: resource.name, group: resource.group, kind: resource.plural } },
  );
}
