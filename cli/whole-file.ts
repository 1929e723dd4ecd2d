import { randomBytes } from 'node:crypto';
import { access, link, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from './error-text.ts';

/** Writes pieces of a file that has its name only when it is whole. */
export type WritePiece = (piece: Uint8Array) => Promise<void>;

/** @throws CliError when there is a file of that name */
export async function refuseExisting(file: string): Promise<void> {
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) throw new CliError(`${file} is there already; give another name, or --force to replace it`);
}

/**
 * A file for its owner alone, on disk before it has its name: neither a kill nor a power cut leaves half of it under
 * that. What `fill` throws leaves nothing.
 */
export async function writeWholeFile<T>(
  file: string,
  { replace, fill }: { replace: boolean; fill(write: WritePiece): Promise<T> },
): Promise<T> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const result = await fillFile(temporary, fill);
    if (replace) await rename(temporary, file);
    else await linkNew(temporary, file);
    await syncFolder(path.dirname(path.resolve(file)));
    return result;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function fillFile<T>(file: string, fill: (write: WritePiece) => Promise<T>): Promise<T> {
  await using handle = await open(file, 'wx', 0o600);
  const result = await fill(async (piece) => {
    await handle.writeFile(piece);
  });
  await handle.sync();
  return result;
}

/** Somebody may have made a file of that name meanwhile. */
async function linkNew(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') await refuseExisting(file);
    // A file system without hard links.
    await refuseExisting(file);
    await rename(temporary, file);
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  // Some file systems sync no folders: nothing better can be done there.
  await handle.sync().catch(() => undefined);
}
