import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { toolPath } from '../toolbox.ts';

/** The environment variable that marks the processes of a run. */
export const MARK_VARIABLE = 'TROUPE_RUN_MARK';

/** Runners that share a machine may have runs of the same id; none may end the processes of another. */
const THIS_RUNNER = randomUUID();

/** The value of the variable for a mark that is unique in this runner. */
export const markValue = (mark: string): string => `${THIS_RUNNER}/${mark}`;

export interface GuardedSpawnOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** A value no other run of this runner has, put into the environment: it marks what the program leaves behind. */
  mark: string;
  /** Each gets a pipe, as descriptors 3, 4, ... */
  descriptors?: readonly string[];
}

/** util-linux: lets the kernel end the program when the runner dies without a word, so that nothing works unseen. */
const SETPRIV = toolPath('setpriv');

/**
 * Starts a program in a process group of its own, to end with the runner. Throws the system's error for an environment
 * that is too large (E2BIG); other failures come as the child's event `error`.
 */
export function spawnGuarded(options: GuardedSpawnOptions): ChildProcessWithoutNullStreams {
  const guarded = existsSync(SETPRIV);
  const command = guarded ? SETPRIV : options.command;
  const args = guarded ? ['--pdeathsig', 'KILL', '--', options.command, ...options.args] : options.args;
  return spawn(command, args, {
    cwd: options.cwd,
    env: { ...options.env, [MARK_VARIABLE]: markValue(options.mark) },
    stdio: ['pipe', 'pipe', 'pipe', ...(options.descriptors ?? []).map(() => 'pipe' as const)],
    detached: true,
  });
}

/** Sends a signal to the process and its group; no effect on one that has ended. */
export function signalGroup(child: ChildProcessWithoutNullStreams, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // gone already: what we want
  }
}
