import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** Whether the process is a troupe server that lives; a pid may by now belong to another program. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
  if (process.platform !== 'linux') return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('server');
  } catch {
    return false; // it ended between the two looks
  }
}

/** Why the server did not get ready: the end of its log. */
export async function describeEnd(log: string): Promise<string> {
  const lines = (await readFile(log, 'utf8')).trimEnd().split('\n');
  return `the server did not get ready; the end of ${log}:\n${lines.slice(-20).join('\n')}`;
}
