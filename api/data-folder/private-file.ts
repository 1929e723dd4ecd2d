import { hash, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Files that hold secrets: mode 0600, in folders of mode 0700 when they are made here. They are complete and on disk
 * before they have their name, so neither a kill nor a power cut leaves half of one. Processes that share a folder
 * agree by link(2), which fails when the name is taken: no lock is there that a killed process could keep.
 */

/** Replaces the file in one step: a reader sees the old content or the new. */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await withTemporary(file, text, (temporary) => rename(temporary, file));
}

/** Makes the file unless it is there. @returns its content: the same for all who try, at whatever time */
export async function createPrivateFile(file: string, text: string): Promise<string> {
  return withTemporary(file, text, async (temporary) => {
    try {
      await link(temporary, file);
      return text;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return readFile(file, 'utf8');
    }
  });
}

/**
 * Replaces a content that is of no more use. Whoever found the same content gets the same successor: it is created
 * under a name made of the content it follows, then put in place. That file stays, for those who come late.
 */
export async function supersedePrivateFile(
  file: string,
  { found, next }: { found: string; next: string },
): Promise<string> {
  const agreed = await createPrivateFile(`${file}.after-${hash('sha256', found).slice(0, 16)}`, next);
  await writePrivateFile(file, agreed);
  return agreed;
}

/** Undefined when there is no such file. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A group may read, as mounted secrets of Kubernetes with an fsGroup are; nobody else, and nobody else may write. */
const TOO_OPEN = 0o027;

/** The mode of a file that others than its owner and its group can use, such as `0644`; undefined for a safe one. */
export async function tooOpenMode(file: string): Promise<string | undefined> {
  const { mode } = await stat(file);
  return (mode & TOO_OPEN) === 0 ? undefined : (mode & 0o777).toString(8).padStart(4, '0');
}

/** Makes what was created or renamed in the folder outlast a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    await using handle = await open(folder, 'r');
    await handle.sync();
  } catch (error) {
    // Some file systems sync no folders, and some folders may not be read: nothing better can be done there.
    if (!['EACCES', 'EBADF', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function withTemporary<T>(
  file: string,
  text: string,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const folder = path.dirname(file);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(path.dirname(made));
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await writeThrough(temporary, text);
    const placed = await place(temporary);
    await syncFolder(folder);
    return placed;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function writeThrough(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.sync();
}
