import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { StorageError } from './contract/storage-error.ts';

interface JournalEntry {
  idx: number;
  when: number;
  /** The file's name without its ending. */
  tag: string;
}

const SQLITE = fileURLToPath(new URL('sqlite/migrations', import.meta.url));

/**
 * Refuses a database that a newer program has migrated, or begun to: this program does not know what its columns mean.
 * `applied` is the time stamp of the newest migration in the database, undefined for an empty one.
 */
export function refuseNewerDatabase(migrationsFolder: string, applied: number | undefined): void {
  const known = Math.max(0, ...entriesOf(migrationsFolder).map((entry) => entry.when));
  if (applied !== undefined && applied > known) {
    throw new StorageError(
      'Unavailable',
      'the database was written by a newer version of troupe; use that version',
    );
  }
}

/** Number of the newest migration, the same for every driver: what a backup says of its rows. */
export function newestSchema(): number {
  return Math.max(...entriesOf(SQLITE).map((entry) => entry.idx));
}

/** Names of the migrations that this program runs on tables of that schema, in their order; the same for every driver. */
export function migrationsAfter(schema: number): string[] {
  return entriesOf(SQLITE)
    .filter((entry) => entry.idx > schema)
    .map((entry) => entry.tag);
}

function entriesOf(migrationsFolder: string): JournalEntry[] {
  const text = readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8');
  return (JSON.parse(text) as { entries: JournalEntry[] }).entries;
}
