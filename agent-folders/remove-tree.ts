import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/**
 * Removes a folder that an agent has worked in, whatever it has made: folders that nobody may write to, as Go's module
 * cache has, and paths that are longer than a system call takes. Idempotent. Rejects when something is left.
 */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if (!STUBBORN.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    // Both go from folder to folder and never name a whole path. The last call fails when something is left.
    await run('chmod', ['-R', 'u+rwx', '--', folder]);
    await run('rm', ['-rf', '--', folder]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The error codes for a folder without rights, and for a path that is too long. */
const STUBBORN: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG', 'ENOTEMPTY']);

async function run(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { cwd: '/', stdio: 'ignore' });
  await once(child, 'close');
}
