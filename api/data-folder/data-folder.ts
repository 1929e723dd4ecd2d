import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from './private-file.ts';

/**
 * Makes a folder, and those above it that are missing, for the owner alone. Not mkdir's own `recursive`: where
 * the file system denies that a parent exists, as /proc does, that one tries again for ever.
 * @throws Error of Node, of the first part that cannot be made
 */
export async function makeDataFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let at = folder; !(await exists(at)); at = path.dirname(at)) missing.unshift(at);
  for (const part of missing) {
    await makeFolder(part);
    // What is kept in it is worth nothing without it after a power cut.
    await syncFolder(path.dirname(part));
  }
  // What is there may be a file; mkdir says so.
  if (missing.length === 0) await makeFolder(folder);
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' && (await isFolder(folder))) return;
    throw error;
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && path.dirname(file) !== file) return false;
    throw error;
  }
}

async function isFolder(file: string): Promise<boolean> {
  return (await exists(file)) && (await stat(file)).isDirectory();
}
