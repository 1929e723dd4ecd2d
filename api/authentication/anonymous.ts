import { ANONYMOUS } from '../machinery/user.ts';
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

/**
 * What somebody who has not logged in needs: whether the server is there, its version, the keys of its tokens, and what
 * logs people in.
 */
const PUBLIC_PATHS =
  /^\/(?:version\/?|(?:healthz|livez|readyz)(?:\/[^/]*)?|\.well-known\/openid-configuration|openid\/v1\/jwks|api\/auth\/[a-z-]+|api\/v1\/health)$/;

export const publicPaths: AnonymousPaths = (path) => PUBLIC_PATHS.test(path);
