import type { StoredObject } from './objects.ts';

export type StorageErrorCode =
  | 'Exists'
  | 'NotFound'
  | 'Conflict'
  /** The revision asked for was compacted, or what was read is lost; list or read from the beginning. */
  | 'Compacted'
  /** The revision asked for is newer than the store (and did not come within the wait). */
  | 'FutureRevision'
  | 'TooSlow'
  /** The database cannot be reached or refuses for now. */
  | 'Unavailable'
  /** The database was lost at the very moment of a commit: the write may have happened or not. */
  | 'OutcomeUnknown'
  /** No space left. */
  | 'Full'
  /** The object is larger than the database takes. */
  | 'TooLarge'
  /** The object is larger than the store's own limit; the message gives its size and the limit. */
  | 'OverLimit'
  /** Memory does not have, or does not surely have, the history of this database; nothing was written. */
  | 'Diverged'
  /** Encrypted data cannot be read with the keys at hand; the message says which, and what helps. */
  | 'Undecryptable'
  /** Encrypted under a key that is no longer the newest; nothing was written. Ends in storage: it is tried again. */
  | 'StaleKey'
  | 'Closed';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  /** The state that won, where the code is Conflict and it is known. */
  readonly current: StoredObject | undefined;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: { cause?: unknown; current?: StoredObject } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StorageError';
    this.code = code;
    this.current = options.current;
  }
}
