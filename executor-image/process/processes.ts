import { readFileSync, readdirSync } from 'node:fs';

/** All processes but the first and this one; none where there is no /proc: not Linux. */
export function processIDs(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid);
  } catch {
    return [];
  }
}

/** Whether a process began with `variable=value` in its environment; false for one that is gone or somebody else's. */
export function hasVariable(pid: number, variable: string, value: string): boolean {
  const wanted = Buffer.from(`${variable}=${value}\0`);
  try {
    return readFileSync(`/proc/${pid}/environ`).includes(wanted);
  } catch {
    return false;
  }
}

/** No effect on one that is gone. Throws the system's error for one of somebody else. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
