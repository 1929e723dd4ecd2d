import { constants } from 'node:fs';
import { open, realpath } from 'node:fs/promises';
import path from 'node:path';

/** A pipe would wait for somebody who writes. */
const READ_AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * The real path of a file in a folder of somebody else; undefined for what is not there, and for what leads out of the
 * folder, as a link may. `root` is a real path.
 */
export async function pathInside(root: string, name: string): Promise<string | undefined> {
  const target = await realpath(path.join(root, name)).catch(() => undefined);
  return target?.startsWith(`${root}${path.sep}`) === true ? target : undefined;
}

/** The beginning of a file; undefined for what is no text file, or not to be read. */
export async function beginningOf(file: string, mostBytes: number): Promise<string | undefined> {
  try {
    await using handle = await open(file, READ_AT_ONCE);
    if (!(await handle.stat()).isFile()) return undefined;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0);
    const text = buffer.subarray(0, bytesRead);
    return text.includes(0) ? undefined : text.toString('utf8');
  } catch {
    return undefined; // gone, or not ours to read
  }
}
