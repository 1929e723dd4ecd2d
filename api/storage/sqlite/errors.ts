import { StorageError } from '../contract/storage-error.ts';
import type { StorageErrorCode } from '../contract/storage-error.ts';

/** The codes of https://www.sqlite.org/rescode.html that say something to a caller, by their prefix. */
const CODES: readonly [string, StorageErrorCode, string][] = [
  ['SQLITE_FULL', 'Full', 'no space left for the database'],
  ['SQLITE_TOOBIG', 'TooLarge', 'the object is larger than the database takes'],
  ['SQLITE_BUSY', 'Unavailable', 'the database file is in use by another process'],
  ['SQLITE_LOCKED', 'Unavailable', 'the database file is in use by another process'],
  ['SQLITE_READONLY', 'Unavailable', 'the database file cannot be written'],
  ['SQLITE_CANTOPEN', 'Unavailable', 'the database file cannot be opened'],
  ['SQLITE_IOERR', 'Unavailable', 'the database file cannot be read or written'],
  ['SQLITE_NOTADB', 'Unavailable', 'the file is not a database'],
  ['SQLITE_CORRUPT', 'Unavailable', 'the database file is damaged'],
];

/** A StorageError for what SQLite threw; anything else comes back as it is. */
export function translateSqliteError(error: unknown): unknown {
  if (error instanceof StorageError) return error;
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const known = CODES.find(([prefix]) => code.startsWith(prefix));
  if (known === undefined) return error;
  return new StorageError(known[1], known[2], { cause: error });
}

/** Runs a step and lets its vendor errors out as StorageError. */
export function translated<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw translateSqliteError(error);
  }
}

function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_'))
    return error.code;
  // Drizzle wraps what its driver threw.
  return sqliteCode(error.cause);
}
