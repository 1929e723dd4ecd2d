import { cp, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { OWN_FOLDER } from '../workspace/agent-room.ts';
import type { SessionFiles } from '../adapters/adapter.ts';

/** The part of the workspace that holds the sessions of agents: it moves with the work to the next sandbox. */
export const SESSIONS_FOLDER = path.join(OWN_FOLDER, 'sessions');

export interface SessionPlaces {
  /** HOME of the agent's program. */
  home: string;
  /** The runtime's workspace. */
  workspace: string;
  files: SessionFiles | undefined;
}

/** Puts the kept sessions where the program looks for them. Throws the system's error. */
export async function restoreSessions({ home, workspace, files }: SessionPlaces): Promise<void> {
  for (const name of files?.paths ?? []) {
    await copyIfThere(path.join(workspace, SESSIONS_FOLDER, name), path.join(home, name));
  }
}

/**
 * Keeps the program's sessions with the work. Only the named files go along, never the program's settings: an agent
 * can write to those. Throws the system's error, as on a full disk.
 */
export async function keepSessions({ home, workspace, files }: SessionPlaces): Promise<void> {
  for (const name of files?.paths ?? []) {
    const target = path.join(workspace, SESSIONS_FOLDER, name);
    await rm(target, { recursive: true, force: true });
    await copyIfThere(path.join(home, name), target);
  }
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await stat(from);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  await cp(from, to, { recursive: true, force: true, verbatimSymlinks: true });
}
