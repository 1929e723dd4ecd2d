import { StorageError } from '../contract/storage-error.ts';

export function compactedError(after: number, compacted: number): StorageError {
  return new StorageError('Compacted', `too old resource version: ${after} (${compacted})`);
}
