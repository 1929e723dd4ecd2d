import { readFileSync } from 'node:fs';
import { StorageError } from './contract.ts';

/**
 * Refuses a database that a newer program has migrated: this program does not know what its columns mean.
 * `applied` is the time stamp of the newest migration in the database, undefined for an empty one.
 */
export function refuseNewerDatabase(migrationsFolder: string, applied: number | undefined): void {
  const text = readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8');
  const { entries } = JSON.parse(text) as { entries: { when: number }[] };
  const known = Math.max(0, ...entries.map((entry) => entry.when));
  if (applied !== undefined && applied > known) {
    throw new StorageError(
      'Unavailable',
      'the database was written by a newer version of troupe; use that version',
    );
  }
}
