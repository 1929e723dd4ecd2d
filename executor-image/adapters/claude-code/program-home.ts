import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';

/** The program's own folder in HOME. */
export const CONFIG_FOLDER = '.claude';
/** The one name for the folder that the agent works in: a session can go on in a folder of another name. */
export const PROJECT_NAME = 'troupe';
/** Transcripts, relative to HOME. */
export const SESSIONS = path.join(CONFIG_FOLDER, 'projects', PROJECT_NAME);

/**
 * Leaves nothing in the program's folder but transcripts: an agent before may have written settings, hooks or servers
 * there. Throws the system's error.
 */
export async function cleanHome(home: string): Promise<void> {
  const folder = path.join(home, CONFIG_FOLDER);
  await mkdir(path.join(home, SESSIONS), { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    if (name !== 'projects') await rm(path.join(folder, name), { recursive: true, force: true });
  }
  await rm(path.join(home, '.claude.json'), { force: true });
}
