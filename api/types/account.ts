import type { User } from './generated/user.ts';

/** In which every User of the server's own is. */
export const USERS_GROUP = 'troupe:users';
/** Its members may do everything, by a ClusterRoleBinding to cluster-admin. */
export const ADMINS_GROUP = 'troupe:admins';

/** Whether the User may log in, and what shows who it is may be believed. */
export function mayLogIn({ metadata, spec }: User): boolean {
  return spec.disabled !== true && spec.pending !== true && metadata.deletionTimestamp === undefined;
}

/** The namespace of a User alone. The prefix keeps people from registering under the name of a shared one. */
export const personalNamespace = (user: string): string => `user-${user}`;

/** On a User as authenticators know it: which session or key showed who it is. */
export const SESSION_EXTRA = 'agent.wecode.io/session';
export const API_KEY_EXTRA = 'agent.wecode.io/api-key';
/** `true` for a key that may only read. */
export const READ_ONLY_EXTRA = 'agent.wecode.io/read-only';
