import { createHash, createHmac, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StatusError } from '#api/machinery/status-error';

/** A sandbox's token and the form of it that the sandbox itself may know. */
export interface SandboxToken {
  token: string;
  /** SHA-256 in hex: all the runner gets, so its environment gives nothing away. */
  hash: string;
}

const KEY_BYTES = 32;

/**
 * Makes the tokens of sandboxes from one key of this executor, so that a manager that starts anew can talk
 * to the sandboxes it finds without having stored a token anywhere.
 */
export function createTokenMaker(key: Buffer): (sandboxUID: string) => SandboxToken {
  return (sandboxUID) => {
    const token = createHmac('sha256', key).update(sandboxUID).digest('base64url');
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
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const fresh = `${randomBytes(KEY_BYTES).toString('hex')}\n`;
  try {
    await writeFile(path, fresh, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    // A manager that was killed while it made the file, or had no disk left, has made no token yet.
    if ((await stat(path)).size === 0) await writeFile(path, fresh);
  }
  const key = Buffer.from((await readFile(path, 'utf8')).trim(), 'hex');
  if (key.length === KEY_BYTES) return key;
  throw new StatusError(
    'InternalError',
    `${path} is damaged: expected ${KEY_BYTES} bytes in hex; delete it when no sandbox runs`,
  );
}
