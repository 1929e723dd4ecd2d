import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyncFailure } from '../sync-failure.ts';
import type { FetchedSource } from './source.ts';

/** More is no folder of manifests but somebody's home. */
const MOST_FILES = 20_000;

/** The folder that a file URL names, when it is there and no repository; undefined for everything else. */
export function plainFolder(url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  const folder = fileURLToPath(url);
  const isRepository =
    existsSync(path.join(folder, '.git')) ||
    (existsSync(path.join(folder, 'HEAD')) && existsSync(path.join(folder, 'objects')));
  return isRepository ? undefined : folder;
}

/**
 * A folder as it is now; its revision is a hash of the names and contents of its files.
 * @throws SyncFailure FetchFailed
 */
export async function readFolder(folder: string): Promise<FetchedSource> {
  const hash = createHash('sha256');
  try {
    for (const file of await filesIn(folder)) {
      const content = await readFile(path.join(folder, file));
      hash.update(`${file}\0${content.length}\0`).update(content);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SyncFailure('FetchFailed', `there is no folder ${folder}`, { cause: error });
  }
  return { folder, revision: `sha256:${hash.digest('hex')}` };
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length > MOST_FILES) {
    throw new SyncFailure('FetchFailed', `${folder} has more than ${MOST_FILES} files`, { isFinal: true });
  }
  return files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name))).toSorted();
}
