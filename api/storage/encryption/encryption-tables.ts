/** What a database has to do for encryption; what the texts mean is none of its business. */

/** A data key as the database keeps it: wrapped with a root key, which it does not have. */
export interface WrappedKey {
  id: string;
  rootKeyId: string;
  wrapped: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** All data keys. Each change of the newest one is a generation. */
export interface KeyTable {
  generation: number;
  keys: WrappedKey[];
}

/** The key that texts of a transaction were encrypted with: it has to be the newest still when they are written. */
export interface NewestKey {
  id: string;
  generation: number;
}

export interface KeyChange {
  /** Nothing is changed when the table is at another generation by now. */
  from: number;
  to: number;
  put: readonly WrappedKey[];
  drop: readonly string[];
}

/**
 * Where texts are that may be encrypted. `place`: the primary key. `owner`: what a text belongs to, so that it cannot
 * be moved to another row. Revisions are first: a deleted Task's text comes from there.
 */
export const SEALED_TABLES = {
  revisions: { place: ['revision'], text: 'body', owner: ['resource', 'namespace', 'name'] },
  deleted_tasks: { place: ['task_uid'], text: 'body', owner: ['namespace', 'name'] },
  task_events: { place: ['task_uid', 'seq'], text: 'data', owner: ['task_uid', 'source', 'source_seq'] },
  task_messages: {
    place: ['task_uid', 'id'],
    text: 'content',
    owner: ['task_uid', 'source', 'role', 'time'],
  },
} as const;

export type SealedTable = keyof typeof SEALED_TABLES;
export type ColumnValue = string | number;

/** One row of such a table, as far as it tells whether its text is to be rewritten. */
export interface SealedRow {
  place: readonly ColumnValue[];
  owner: readonly ColumnValue[];
  /** How the text begins. */
  head: string;
  /** Characters or bytes of the text. */
  size: number;
}

/** Enough of a text to see the id of its key. */
export const HEAD_LENGTH = 64;

export interface ScanQuery {
  table: SealedTable;
  /** Place of the last row that was seen. */
  after: readonly ColumnValue[] | undefined;
  limit: number;
}

export interface Rewriting {
  table: SealedTable;
  places: readonly (readonly ColumnValue[])[];
  key: NewestKey;
  /** Undefined: the text stays. May be called again with the same text. */
  rewrite(text: string, owner: readonly ColumnValue[]): string | undefined;
}

export interface EncryptionTables {
  /** In one snapshot. */
  keys(): Promise<KeyTable>;
  /**
   * One transaction under the counter's lock; it waits for every transaction that writes what was encrypted before.
   * @returns false where another change came first
   */
  changeKeys(change: KeyChange): Promise<boolean>;
  /** Rows in the order of their places. */
  scan(query: ScanQuery): Promise<SealedRow[]>;
  /**
   * One transaction. Rows that are gone are left out; revisions, ids and times stay.
   * @returns how many texts were replaced. @throws StorageError StaleKey, with nothing written
   */
  rewrite(rewriting: Rewriting): Promise<number>;
  /** To be called before plain texts are replaced: their remains in the database's files are to be removed. */
  noteRemains(): Promise<void>;
  /** Removes them, if any were noted: by this process or one before it. */
  removeRemains(): Promise<void>;
}
