import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * The facts of a clone's beginning that later runs on it have to know. It stands beside git's own files and moves with them. An
 * agent can change it, so it only decides about names and figures.
 */
export interface CloneRecord {
  /** The commit that the first run began with; absent where the repository was empty. */
  baseCommit?: string;
  /** Branches of the remote whose names may collide with work branches. */
  taken: readonly string[];
  /** Work branches: the name that was asked for, and the one that it got. */
  branches: Readonly<Record<string, string>>;
  /** Whether the files of Git LFS were fetched. */
  lfs?: boolean;
}

const FILE = 'troupe.json';
const MOST_BYTES = 1024 * 1024;

const NOTHING: CloneRecord = { taken: [], branches: {} };

/** `folder` is the one with .git in it. Without a sound record there is nothing to know. */
export async function readCloneRecord(folder: string): Promise<CloneRecord> {
  try {
    await using file = await open(path.join(folder, '.git', FILE));
    const { size } = await file.stat();
    return size > MOST_BYTES ? NOTHING : readRecord(JSON.parse(await file.readFile('utf8')));
  } catch {
    return NOTHING; // absent, as in clones of older versions, or not as it was written
  }
}

export async function writeCloneRecord(folder: string, record: CloneRecord): Promise<void> {
  await writeFile(path.join(folder, '.git', FILE), JSON.stringify(record));
}

function readRecord(given: unknown): CloneRecord {
  const { baseCommit, taken, branches, lfs } = (given ?? {}) as Record<string, unknown>;
  return {
    ...(typeof baseCommit === 'string' && /^[0-9a-f]{40,64}$/.test(baseCommit) ? { baseCommit } : {}),
    taken: Array.isArray(taken) ? taken.filter((name) => typeof name === 'string') : [],
    branches: Object.fromEntries(
      Object.entries((branches ?? {}) as Record<string, unknown>).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    ),
    ...(lfs === true ? { lfs } : {}),
  };
}
