import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '#api/client/client';
import { objectKey } from '#api/machinery/meta';
import { executorFolder } from './executor-place.ts';
import type { ExecutorPlace } from './executor-place.ts';
import { killIfThere } from './runners.ts';
import type { PersistentClient } from './persistent-client.ts';

/** Kept for a time after their use, by rules of their own. */
const KEPT: ReadonlySet<string> = new Set(['events', 'taskrevisions']);

/** All objects of all kinds, as `plural namespace/name`. */
export function allObjects(user: PersistentClient): Promise<Set<string>> {
  return user.persist(async (client) => {
    const types = (await client.discover()).filter(
      ({ preferred, verbs, plural }) =>
        preferred && verbs.includes('list') && verbs.includes('create') && !KEPT.has(plural),
    );
    const lists = await Promise.all(types.map((type) => objectsOf(client, type)));
    return new Set(lists.flat());
  });
}

async function objectsOf(client: Client, type: Parameters<Client['list']>[0]): Promise<string[]> {
  const { items } = await client.list(type, { metadataOnly: true });
  return items.map(({ metadata }) => `${type.plural} ${objectKey(metadata)}`);
}

/** Files of runtimes and of kept work. */
export function executorFiles(place: ExecutorPlace): Promise<string[]> {
  return filesIn(executorFolder(place), ['runtimes', 'work']);
}

/** The process of conversations stays as long as its manager does; then it goes with all that it has. */
export function temporaryFiles(folder: string): Promise<string[]> {
  return filesIn(folder, ['']);
}

async function filesIn(base: string, folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      // One that was never made is empty.
      const entries = await readdir(path.join(base, folder)).catch(() => []);
      return entries.map((entry) => `file ${path.join(base, folder, entry)}`);
    }),
  );
  return found.flat();
}

/** Ports of the executor's range on which somebody listens. */
export async function openPorts({ ports }: ExecutorPlace): Promise<string[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')),
  );
  const listening = tables.join('\n').matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm);
  const open = [...listening].map(([, hex = '']) => Number.parseInt(hex, 16));
  return open.filter((port) => port >= ports.min && port <= ports.max).map((port) => `port ${port}`);
}

/** Processes that have the folder in their environment or their arguments. */
export async function processesOf(folder: string): Promise<string[]> {
  return (await searchProcesses(folder)).map(({ pid, args }) => `process ${pid}: ${args}`);
}

export async function killProcessesOf(folder: string): Promise<void> {
  for (const { pid } of await searchProcesses(folder)) killIfThere(pid);
}

interface FoundProcess {
  pid: number;
  args: string;
}

async function searchProcesses(folder: string): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string): Promise<string> =>
        readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''); // it may just have ended
      const [args, environment] = await Promise.all([read('cmdline'), read('environ')]);
      const isOurs = args !== '' && `${args}\0${environment}`.includes(folder);
      return isOurs ? [{ pid: Number(pid), args: args.replaceAll('\0', ' ').slice(0, 200) }] : [];
    }),
  );
  return found.flat();
}

/** Looks until nothing is left. @returns what is left after `patienceMs` */
export async function untilNothingIsLeft(
  look: () => Promise<string[]>,
  patienceMs: number,
): Promise<string[]> {
  for (const end = performance.now() + patienceMs; ; await delay(500)) {
    const left = await look();
    if (left.length === 0 || performance.now() > end) return left;
  }
}
