import { hasVariable, processIDs, signalProcess } from './processes.ts';

/**
 * Kills every process that has `variable=value` in its environment. A process group does not hold what a
 * shell put into a session of its own (Claude Code's Bash tool does), the environment does.
 */
export function killStragglers(variable: string, value: string): void {
  // A process may start another while we look; a second look finds that one.
  for (let found = true, rounds = 0; found && rounds < 5; rounds++) {
    found = false;
    for (const pid of processIDs()) {
      if (!hasVariable(pid, variable, value)) continue;
      found = true;
      signalProcess(pid, 'SIGKILL');
    }
  }
}
