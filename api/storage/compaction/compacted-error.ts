import { StorageError } from '../contract.ts';

export function compactedError(after: number, compacted: number): StorageError {
  return new StorageError('Compacted', `too old resource version: ${after} (${compacted})`);
}
