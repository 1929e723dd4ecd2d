import type { NewCondition } from '../machinery/condition.ts';
import { AUTHENTICATED_GROUP } from '../machinery/users/user.ts';
import type { User as KnownUser } from '../machinery/users/user.ts';
import { newCondition, READY, ready } from './ready.ts';
import type { User } from './generated/user.ts';

/** In which every User of the server's own is. */
export const USERS_GROUP = 'troupe:users';
/** Its members may do everything, by a ClusterRoleBinding to cluster-admin. */
export const ADMINS_GROUP = 'troupe:admins';

/** As whom rules, bindings and audit logs know whoever owns the server. */
export const OWNER_NAME = 'troupe-admin';

/**
 * Names that a new User may not have: rules of access and audit logs would not tell the two apart. `troupe login` keeps a
 * login at a provider under `oidc`. Other names of the server's own have a colon.
 */
export const RESERVED_USER_NAMES: ReadonlySet<string> = new Set([OWNER_NAME, 'oidc']);

/** Reasons of a User. */
export const UserReason = {
  /** Ready=True: the User may log in and has a namespace. */
  Active: 'Active',
  /** Ready=False: an administrator has disabled the User. */
  Disabled: 'Disabled',
  /** Ready=False: the User has registered and is not activated yet. */
  Pending: 'Pending',
  /** Ready=False: the namespace that the User is to have belongs to somebody else. */
  NamespaceTaken: 'NamespaceTaken',
} as const;

export const userReady = (): NewCondition => ready(UserReason.Active, 'The User may log in.');

export function userNotReady(
  reason: Exclude<keyof typeof UserReason, 'Active'>,
  message: string,
): NewCondition {
  return newCondition(READY, 'False', { reason, message });
}

/** Whether the User may log in, and what shows who it is may be believed. */
export function mayLogIn({ metadata, spec }: User): boolean {
  return spec.disabled !== true && spec.pending !== true && metadata.deletionTimestamp === undefined;
}

/** Who a person is to rules of access. `extra` says by what it was shown. */
export function userOfAccount({ metadata, spec }: User, extra?: KnownUser['extra']): KnownUser {
  return {
    name: metadata.name,
    uid: metadata.uid ?? '',
    groups: [USERS_GROUP, ...(spec.groups ?? []), AUTHENTICATED_GROUP],
    ...(extra && { extra }),
  };
}

/** Sessions and API keys of another count are void: the User was disabled since. */
export const timesDisabled = ({ status }: User): number => status?.timesDisabled ?? 0;

/** Keeps people from registering under the name of a shared namespace. */
const PERSONAL = 'user-';

/** The namespace of a User alone. */
export const personalNamespace = (user: string): string => `${PERSONAL}${user}`;

/** The User whose namespace has this name, whoever owns it; undefined for other names. */
export function userOfNamespace(namespace: string): string | undefined {
  const name = namespace.startsWith(PERSONAL) ? namespace.slice(PERSONAL.length) : '';
  return name === '' ? undefined : name;
}

/** The ClusterRole that the User of a personal namespace has in it. */
export const NAMESPACE_OWNER_ROLE = 'troupe-admin';

/** On a personal namespace: the uid of its User. A namespace outlives its User, and is not for the next of that name. */
export const OWNER_UID_ANNOTATION = 'agent.wecode.io/user-uid';

/** On a User as authenticators know it: which session or key showed who it is. */
export const SESSION_EXTRA = 'agent.wecode.io/session';
export const API_KEY_EXTRA = 'agent.wecode.io/api-key';
/** `true` for a key that may only read. */
export const READ_ONLY_EXTRA = 'agent.wecode.io/read-only';
