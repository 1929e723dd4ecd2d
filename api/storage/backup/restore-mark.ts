import { StorageError } from '../contract/storage-error.ts';

/** Name of the row of `progress` that a database has from before the first restored row until the last. */
export const RESTORE_MARK = 'restore';

/** @throws StorageError for a database with half of a backup in it, which must not be served as if it were whole */
export function refuseHalfRestored(hasMark: boolean): void {
  if (!hasMark) return;
  throw new StorageError(
    'Unavailable',
    'a restore into the database did not come to its end; run troupe restore again',
  );
}
