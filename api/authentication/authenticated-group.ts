import { ANONYMOUS, AUTHENTICATED_GROUP, UNAUTHENTICATED_GROUP } from '../machinery/users/user.ts';
import type { User } from '../machinery/users/user.ts';
import type { Authenticator } from './authenticator.ts';

/**
 * Puts everyone who has logged in into the group of those (apiserver authentication/group AuthenticatedGroupAdder). Who
 * has the name of the anonymous has not, whatever a certificate says.
 */
export function withAuthenticatedGroup(authenticator: Authenticator): Authenticator {
  return {
    async authenticate(credentials) {
      const user = await authenticator.authenticate(credentials);
      return user === undefined || user.name === ANONYMOUS.name || hasGroup(user)
        ? user
        : { ...user, groups: [...user.groups, AUTHENTICATED_GROUP] };
    },
  };
}

const hasGroup = ({ groups }: User): boolean =>
  groups.includes(AUTHENTICATED_GROUP) || groups.includes(UNAUTHENTICATED_GROUP);
