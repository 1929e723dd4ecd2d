import type { User } from '../../machinery/users/user.ts';

/** UserInfo of authentication.k8s.io; what is empty is left out, as Go does. */
export function userInfo({ name, uid, groups, extra = {} }: User): Record<string, unknown> {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}
