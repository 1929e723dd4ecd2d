import { readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * Removes what a shared runner has kept, and the folder itself where it may. Its manager has made the folder, in one that
 * the runner's own user may be unable to change, and removes what is left. Throws the system's error.
 */
export function removeState(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true, force: true });
  try {
    rmdirSync(folder);
  } catch (error) {
    if (!LEFT_TO_ITS_MAKER.has((error as NodeJS.ErrnoException).code)) throw error;
  }
}

const LEFT_TO_ITS_MAKER: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);
