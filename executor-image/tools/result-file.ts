import { constants } from 'node:fs';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { OWN_FOLDER } from '../workspace/agent-room.ts';
import type { KeptResult } from './result-cache.ts';

/** In the part of the workspace that moves with the work of a Task to its next sandbox. */
const FILE = 'tool-results.json';
/** The results that a cache holds, with the rest of JSON. */
const MOST_BYTES = 24 * 1024 * 1024;

/**
 * The results that earlier runs of the Task have kept. An agent can write to its workspace, so they are as good as the
 * files that it left there: input. Results that are not as they were written are left out.
 */
export async function readKeptResults(workspace: string): Promise<KeptResult[]> {
  try {
    const name = path.join(workspace, OWN_FOLDER, FILE);
    await using file = await open(name, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const info = await file.stat();
    if (!info.isFile() || info.size > MOST_BYTES) return [];
    const given: unknown = JSON.parse(await file.readFile('utf8'));
    return Array.isArray(given) ? given.flatMap(readResult) : [];
  } catch {
    return []; // none was kept, or it cannot be read: the server is asked
  }
}

/** Throws the system's error, as on a full disk. */
export async function writeKeptResults(workspace: string, results: readonly KeptResult[]): Promise<void> {
  const folder = path.join(workspace, OWN_FOLDER);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, FILE);
  await writeFile(`${file}.new`, JSON.stringify(results), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function readResult(given: unknown): KeptResult[] {
  const { key, at, result } = (given ?? {}) as Partial<Record<keyof KeptResult, unknown>>;
  const parsed = CallToolResultSchema.safeParse(result);
  if (typeof key !== 'string' || typeof at !== 'number' || !parsed.success) return [];
  return isKey(key) ? [{ key, at, result: parsed.data }] : [];
}

function isKey(key: string): boolean {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) && typeof parts[0] === 'string';
  } catch {
    return false;
  }
}
