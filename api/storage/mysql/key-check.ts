import { StorageError } from '../contract/storage-error.ts';
import type { NewestKey } from '../encryption/encryption-tables.ts';
import { sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

/**
 * To be sent first in a transaction that writes what was encrypted with the key: no change of the keys ends before it
 * does. It shares the key's row and leaves the counter alone, so commits need not wait. The lock comes before the
 * generation is read, in a statement of its own with a snapshot of its own.
 */
export function holdKey(key: NewestKey | undefined): Sql[] {
  if (key === undefined) return [];
  return [
    sql`SELECT id FROM encryption_keys WHERE id = ${key.id} LOCK IN SHARE MODE`,
    sql`SELECT key_generation AS generation FROM revision_counter WHERE id = 1`,
  ];
}

/** The same under the counter's lock, which every change of the keys takes. */
export function findKey(key: NewestKey | undefined): Sql[] {
  if (key === undefined) return [];
  return [
    sql`SELECT id FROM encryption_keys WHERE id = ${key.id}`,
    sql`SELECT key_generation AS generation FROM revision_counter WHERE id = 1`,
  ];
}

/** @throws StorageError StaleKey, where the key's row or its generation in the counter is not what it should be */
export function checkKey(
  key: NewestKey | undefined,
  [rows = [], counter = []]: readonly (readonly unknown[])[],
): void {
  if (key === undefined) return;
  const { generation } = counter[0] as { generation: number };
  if (rows.length === 1 && generation === key.generation) return;
  throw new StorageError('StaleKey', `${key.id} is not the newest data key`);
}
