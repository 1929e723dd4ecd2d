import { readFileSync, readdirSync } from 'node:fs';

/**
 * Kills every process that has `variable=value` in its environment. A process group does not hold what a
 * shell put into a session of its own (Claude Code's Bash tool does), the environment does.
 */
export function killStragglers(variable: string, value: string): void {
  const wanted = Buffer.from(`${variable}=${value}\0`);
  // A process may start another while we look; a second look finds that one.
  for (let found = true, rounds = 0; found && rounds < 5; rounds++) {
    found = false;
    for (const pid of processIds()) {
      if (!environmentOf(pid).includes(wanted)) continue;
      found = true;
      try {
        process.kill(pid, 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 1 && pid !== process.pid);
  } catch {
    return []; // no /proc: not Linux, where the process group has to do
  }
}

/** Empty for a process that is gone, a zombie or somebody else's. */
function environmentOf(pid: number): Buffer {
  try {
    return readFileSync(`/proc/${pid}/environ`);
  } catch {
    return Buffer.alloc(0);
  }
}
