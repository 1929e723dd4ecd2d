import { StorageError } from './contract.ts';

export function compactedError(after: number, compacted: number): StorageError {
  return new StorageError('Compacted', `revision ${after} is older than the compacted revision ${compacted}`);
}
