/**
 * Who makes a request (apiserver pkg/authentication/user). Names and groups that begin with `system:` are the
 * system's own; no one may choose such a name.
 */
export interface User {
  name: string;
  /** Tells apart two users that had the same name one after the other. */
  uid?: string;
  groups: readonly string[];
  /** More that the authenticator knows, such as scopes of a token. */
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** Everyone who showed valid credentials is in this group. */
export const AUTHENTICATED_GROUP = 'system:authenticated';
export const UNAUTHENTICATED_GROUP = 'system:unauthenticated';
/** Its members may do everything, whatever other rules say. */
export const MASTERS_GROUP = 'system:masters';

/** The user of a request without credentials. */
export const ANONYMOUS: User = { name: 'system:anonymous', groups: [UNAUTHENTICATED_GROUP] };

/** The API server itself, when it reads and writes objects without a request of somebody else. */
export const API_SERVER_USER: User = { name: 'system:apiserver', groups: [MASTERS_GROUP] };
