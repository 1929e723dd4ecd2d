import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unmountBelow } from '../temporary-folder.ts';

export interface DataRoot extends AsyncDisposable {
  readonly path: string;
}

/**
 * The data folder of a private engine: `kept/data`, unless another running process holds it; then a folder
 * in `temporary`, which costs that run a build of the images. Ends an engine that a killed run left on it.
 */
export async function dataRoot(kept: string, temporary: string): Promise<DataRoot> {
  await mkdir(kept, { recursive: true });
  const owner = path.join(kept, 'owner.pid');
  if (!(await take(owner))) {
    return { path: path.join(temporary, 'data'), async [Symbol.asyncDispose]() {} };
  }
  const data = path.join(kept, 'data');
  const onExit = (): void => rmSync(owner, { force: true });
  process.once('exit', onExit);
  await endEngineOn(data);
  unmountBelow(kept);
  return {
    path: data,
    async [Symbol.asyncDispose]() {
      process.off('exit', onExit);
      unmountBelow(kept);
      await rm(owner, { force: true });
    },
  };
}

/** Makes this process the owner; false when a living process is. */
async function take(owner: string): Promise<boolean> {
  try {
    await writeFile(owner, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const pid = Number(await readFile(owner, 'utf8'));
  if (commandLine(pid).includes('node')) return false;
  await writeFile(owner, `${process.pid}`);
  return true;
}

/** A killed run cannot stop its dockerd; two of them on one folder would destroy it. */
async function endEngineOn(data: string): Promise<void> {
  for (const pid of dockerdPids().filter((candidate) => commandLine(candidate).includes(data))) {
    process.kill(pid, 'SIGTERM');
    while (commandLine(pid) !== '') await delay(100);
  }
}

/** The process ids of every running dockerd. */
export function dockerdPids(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && /(^|\/)dockerd(\0|$)/.test(commandLine(pid)));
}

/** Arguments joined by NUL; empty when there is no such process (or only its zombie). */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended between the listing and the reading
  }
}
