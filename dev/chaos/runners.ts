import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Member } from './member.ts';

/** The runners of an executor without containers, that of conversations among them: all die at once, and nobody restarts them. */
export function runnersOf(folder: string): Member {
  return {
    name: 'runners',
    unexpectedEnds: [],
    async kill() {
      for (const pid of await runnerPids(folder)) killIfThere(pid);
    },
    start: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** As the executor manager has noted them down. */
async function runnerPids(folder: string): Promise<number[]> {
  const conversations = await recordsIn(path.join(folder, 'conversations'), (name) => name);
  const runtimes = await recordsIn(path.join(folder, 'runtimes'), (name) => path.join(name, 'record.json'));
  return [...conversations, ...runtimes];
}

async function recordsIn(folder: string, fileOf: (entry: string) => string): Promise<number[]> {
  // None was made yet.
  const entries = await readdir(folder).catch(() => []);
  const pids = await Promise.all(
    entries.map(async (entry) => {
      // It is just being made or removed.
      const text = await readFile(path.join(folder, fileOf(entry)), 'utf8').catch(() => '{}');
      const { pid } = JSON.parse(text) as { pid?: number };
      return pid === undefined ? [] : [pid];
    }),
  );
  return pids.flat();
}
