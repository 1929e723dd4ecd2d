/**
 * Resources that the server stores for itself, through the contract of storage but without a kind: no path leads to it,
 * no discovery names it, no rule of access can open it. The colon keeps its names apart from those of all kinds, which
 * are DNS names. See docs/adr/0039-accounts-of-people.md.
 */
export const INTERNAL_RESOURCES = {
  /** By the name of the User: hash of the password, and of what resets it. */
  passwords: 'internal:passwords',
  /** By the name of the User and an id: hashes of a family of refresh tokens. */
  sessions: 'internal:sessions',
  /** By the uid of the APIKey: the hash of the key. */
  apiKeys: 'internal:api-keys',
} as const;

export type InternalResource = (typeof INTERNAL_RESOURCES)[keyof typeof INTERNAL_RESOURCES];
