import { createHash, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createPrivateFile, supersedePrivateFile } from '#api/data-folder/private-file';
import { StatusError } from '#api/machinery/status-error';

/** A runtime's token and the form of it that the runtime itself may know. */
export interface RuntimeToken {
  token: string;
  /** SHA-256 in hex: all the runner gets, so its environment gives nothing away. */
  hash: string;
}

const KEY_BYTES = 32;

/**
 * Makes the tokens of runtimes from one key of this executor, so that a manager that is started again can talk to the
 * runtimes it finds without having stored a token anywhere.
 */
export function createTokenMaker(key: Buffer): (runtimeID: string) => RuntimeToken {
  return (runtimeID) => {
    const token = createHmac('sha256', key).update(runtimeID).digest('base64url');
    return { token, hash: createHash('sha256').update(token).digest('hex') };
  };
}

/**
 * Tells what belongs to the data folder with this key from what another installation with an executor of the
 * same name has made in the same engine. Gives nothing of the key away.
 */
export function ownerID(key: Buffer): string {
  return createHmac('sha256', key).update('owner').digest('hex').slice(0, 16);
}

/**
 * The key in `dataDir/executor.key` (mode 0600), made when it is not there.
 * @throws StatusError InternalError when the file is not a key; a new one would lock us out of what runs.
 */
export async function loadExecutorKey(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, 'executor.key');
  const next = `${randomBytes(KEY_BYTES).toString('hex')}\n`;
  let text = await createPrivateFile(path, next);
  // An older version that was killed while it made the file has made no token yet.
  if (text === '') text = await supersedePrivateFile(path, { found: text, next });
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length === KEY_BYTES) return key;
  throw new StatusError(
    'InternalError',
    `${path} is damaged: expected ${KEY_BYTES} bytes in hex; delete it when no sandbox runs`,
  );
}
