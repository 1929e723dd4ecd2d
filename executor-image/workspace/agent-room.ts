import { lstat, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from '#agent-folders/remove-tree';

/** The part of a workspace that is not the agent's work: its HOME, and what the engine keeps for later runs. */
export const OWN_FOLDER = '.troupe';
/** HOME of the agent, with its temporary files and caches; it stays behind when the work moves on. */
export const HOME_FOLDER = `${OWN_FOLDER}/home`;

const IGNORE_FILE = '.gitignore';

/**
 * Makes an empty HOME for a run, on the disk of the workspace: what programs put there may be large, has the limit of the
 * workspace, and takes no room from the events. Returns its path. Throws the system's error.
 */
export async function makeHome(workspace: string): Promise<string> {
  const own = path.join(workspace, OWN_FOLDER);
  const home = path.join(workspace, HOME_FOLDER);
  // The work of a run before may have anything in this place.
  if (!(await isFolder(own))) await rm(own, { force: true });
  await mkdir(own, { recursive: true, mode: 0o700 });
  // An agent that makes a repository of the workspace does not commit its own HOME.
  await writeFile(path.join(own, IGNORE_FILE), '*\n');
  await removeTree(home);
  await mkdir(home, { mode: 0o700 });
  return home;
}

/** Whether there is anything in the folder that is worth to be kept. */
export async function hasKeptFiles(workspace: string): Promise<boolean> {
  const own = path.join(workspace, OWN_FOLDER);
  if (!(await isFolder(own))) return true;
  const names = await readdir(own);
  return names.some((name) => name !== IGNORE_FILE && name !== path.basename(HOME_FOLDER));
}

async function isFolder(folder: string): Promise<boolean> {
  try {
    return (await lstat(folder)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
