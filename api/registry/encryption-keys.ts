import { formatTime } from '../machinery/clock.ts';
import { StatusError, unavailable } from '../machinery/status-error.ts';
import { StorageError } from '../storage/contract/storage-error.ts';
import type { Store } from '../storage/contract/store.ts';

/** The facts about the keys; none of them is secret. */
interface EncryptionReport {
  /** Kinds whose objects are encrypted. */
  resources: string[];
  rootKeySource: string;
  /** The first one wraps new data keys. `dataKeys`: how many it wraps. */
  rootKeys: { id: string; dataKeys: number }[];
  dataKeys: { id: string; rootKeyId: string; created: string; rows: number }[];
  plainRows: number;
  /** By the replica that answers. */
  rewriting: { running: boolean; rewritten: number; failure?: string };
}

interface RotatedKeys {
  dataKey: string;
  rootKey: string;
}

/** The keys of encryption at rest, as those who own the service see them. Failures are StatusErrors. */
export interface EncryptionKeys {
  status(): Promise<EncryptionReport>;
  rotate(options: { newRoot: boolean }): Promise<RotatedKeys>;
}

export function createEncryptionKeys({ store }: { store: Pick<Store, 'encryption'> }): EncryptionKeys {
  const { encryption } = store;
  return {
    async status() {
      const { dataKeys, ...status } = await translated(encryption.status());
      return {
        ...status,
        dataKeys: dataKeys.map(({ id, rootKeyId, createdAt, rows }) => ({
          id,
          rootKeyId,
          created: formatTime(createdAt),
          rows,
        })),
      };
    },
    rotate: (options) => translated(encryption.rotate(options)),
  };
}

/** Whoever may ask for this may know which files and keys are wrong. */
async function translated<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (error.code === 'Undecryptable')
      throw new StatusError('InternalError', error.message, { cause: error });
    throw unavailable(error.message, error);
  }
}
