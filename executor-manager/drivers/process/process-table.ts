import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const HAS_PROC = existsSync('/proc/self/stat');

/**
 * When a process started, in a form that only equals itself; undefined when there is no such process (a zombie
 * is none). Together with the pid it tells a process from a later one that got the same number.
 */
export async function startTime(pid: number): Promise<string | undefined> {
  try {
    if (!HAS_PROC) {
      const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]);
      return stdout.trim() === '' ? undefined : stdout.trim();
    }
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the program's name, field 2, may hold spaces and brackets; what follows its last bracket is regular.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined; // no such process, which is the answer
  }
}

/**
 * Processes whose environment names `text`: all that was started below a sandbox whose state folder it is,
 * also when its parent is gone. Where there is no /proc, none are found.
 */
export async function processesNaming(text: string): Promise<number[]> {
  if (!HAS_PROC) return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      return environment.includes(text) ? [Number(pid)] : [];
    }),
  );
  return found.flat();
}

/** Sends a signal to a process and, where it leads one, its group; a process that is gone is what one wants. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
