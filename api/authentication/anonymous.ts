import { ANONYMOUS } from '../machinery/users/user.ts';
import type { Authenticator } from './authenticator.ts';

/** Which paths may be asked for without credentials; what the anonymous may do there, authorizers say. */
export type AnonymousPaths = (path: string) => boolean;

/**
 * Lets requests without credentials come as the anonymous user, where the path is one of those. Wrong credentials
 * stay an error: nobody becomes anonymous by them (apiserver authentication/request/anonymous, union NewFailOnError).
 */
export function withAnonymous(authenticator: Authenticator, mayCome: AnonymousPaths): Authenticator {
  return {
    async authenticate(credentials) {
      const user = await authenticator.authenticate(credentials);
      if (user !== undefined) return user;
      return mayCome(credentials.path) ? ANONYMOUS : undefined;
    },
  };
}

/** What somebody who has not logged in needs: whether the server is there, its version, and the keys of its tokens. */
const PUBLIC_PATHS =
  /^\/(?:version\/?|(?:healthz|livez|readyz)(?:\/[^/]*)?|\.well-known\/openid-configuration|openid\/v1\/jwks|api\/v1\/health)$/;
const LOGIN_PATHS = /^\/api\/auth\/[a-z-]+$/;

const JOIN_PATHS = /^\/executors\/join$/;
const WEBHOOK_PATHS = /^\/webhooks\/(?:tasks\/[^/]+\/[^/]+\/[^/]+|approvals\/[^/]+\/[^/]+)$/;

/**
 * Where people log in, machines join, and others call a step that waits, or decide by an address: the credentials are in
 * the body, or in the address.
 */
export const loginPaths: AnonymousPaths = (path) =>
  LOGIN_PATHS.test(path) || WEBHOOK_PATHS.test(path) || JOIN_PATHS.test(path);

export const publicPaths: AnonymousPaths = (path) => PUBLIC_PATHS.test(path) || loginPaths(path);
