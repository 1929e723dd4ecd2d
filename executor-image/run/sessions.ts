import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
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
    const { kept, before } = keptPlaces(workspace, name);
    if (!(await copyIfThere(kept, path.join(home, name)))) await copyIfThere(before, path.join(home, name));
  }
}

/**
 * Keeps the program's sessions with the work. Only the named files go along, never the program's settings: an agent
 * can write to those. Whenever the sandbox is killed meanwhile, either those of before or the new ones are there, whole.
 * Throws the system's error, as on a full disk.
 */
export async function keepSessions({ home, workspace, files }: SessionPlaces): Promise<void> {
  for (const name of files?.paths ?? []) {
    const { kept, next, before } = keptPlaces(workspace, name);
    await rm(next, { recursive: true, force: true });
    const isThere = await copyIfThere(path.join(home, name), next);
    // Where a run was killed between the two, `before` has the only ones.
    if (await exists(kept)) {
      await rm(before, { recursive: true, force: true });
      await rename(kept, before);
    }
    if (isThere) await rename(next, kept);
    await rm(before, { recursive: true, force: true });
  }
}

interface KeptPlaces {
  kept: string;
  /** Not whole yet. */
  next: string;
  /** Those that `kept` had; there only while they are replaced. */
  before: string;
}

function keptPlaces(workspace: string, name: string): KeptPlaces {
  const kept = path.join(workspace, SESSIONS_FOLDER, name);
  return { kept, next: `${kept}.next`, before: `${kept}.before` };
}

/** @returns whether there was something to copy */
async function copyIfThere(from: string, to: string): Promise<boolean> {
  if (!(await exists(from))) return false;
  await mkdir(path.dirname(to), { recursive: true, mode: 0o700 });
  await cp(from, to, { recursive: true, force: true, verbatimSymlinks: true });
  return true;
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
