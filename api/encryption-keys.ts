import { formatTime } from './machinery/clock.ts';
import { StatusError, unavailable } from './machinery/status-error.ts';
import type { EncryptionKeys } from './server/admin/encryption-routes.ts';
import { StorageError } from './storage/contract.ts';
import type { Encryption } from './storage/encryption/encryption.ts';

/** The store's encryption as the server shows it. */
export function encryptionKeys(encryption: Encryption): EncryptionKeys {
  return {
    async status() {
      const { dataKeys, ...status } = await told(encryption.status());
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
    rotate: (options) => told(encryption.rotate(options)),
  };
}

/** Whoever may ask for this may know which files and keys are wrong. */
async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    if (error.code === 'Undecryptable')
      throw new StatusError('InternalError', error.message, { cause: error });
    throw unavailable(error.message, error);
  }
}
