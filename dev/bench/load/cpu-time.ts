import { readFile } from 'node:fs/promises';

/** Linux counts in hundredths of a second, whatever the clock of its kernel. */
const MICROSECONDS_PER_TICK = 10_000;

/** The time of the processors that processes have taken so far, in their own code and in the kernel. */
export async function cpuMicroseconds(...pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map((pid) => ofProcess(pid)));
  return each.reduce((sum, one) => sum + one, 0);
}

async function ofProcess(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name of the program, in parentheses; it may have spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) * MICROSECONDS_PER_TICK;
}
