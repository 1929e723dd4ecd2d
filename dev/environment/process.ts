import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface ProcessOptions {
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds between SIGTERM and SIGKILL; default 10,000. */
  patienceMs?: number;
  /** Called with each complete line of stdout and stderr. */
  onLine?: (line: string) => void;
}

export interface ReadyOptions {
  /** What the wait is for, as in "mariadbd did not <what> within 30 s". */
  what: string;
  /** Asked again every 50 ms and after each piece of output. */
  ready: () => boolean | Promise<boolean>;
  timeoutMs: number;
}

/** A child in a process group of its own, so that Ctrl-C reaches us alone and we stop it in order. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** The last 64 KiB of stdout and stderr. */
  output(): string;
  /** Resolves with the exit code, or the signal's name, when all output has arrived. */
  readonly exited: Promise<number | string>;
  /** Resolves once `ready()` holds. Throws with the output when the process ends first or the time is over. */
  until(options: ReadyOptions): Promise<void>;
  /** SIGTERM, then SIGKILL to the whole group. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const KEPT_OUTPUT = 64 * 1024;

/** Starts a program. Throws when it cannot be started at all. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(options.command, options.args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  await once(child, 'spawn');
  const output = collectOutput(child, options.onLine);
  // A grandchild may hold the pipes open; stopping waits for the process, not for them.
  const ended = once(child, 'exit');
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const { pid } = child as { pid: number };
  const onExit = (): void => signalGroup(pid, 'SIGTERM');
  process.once('exit', onExit);
  void ended.then(() => process.off('exit', onExit));

  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    if (!gone()) {
      signalGroup(pid, 'SIGTERM');
      const patience = new AbortController();
      const late = delay(options.patienceMs ?? 10_000, 'late', { signal: patience.signal }).catch(
        () => 'stopped',
      );
      if ((await Promise.race([ended, late])) === 'late') signalGroup(pid, 'SIGKILL');
      patience.abort();
    }
    await ended;
  };
  return {
    pid,
    output,
    exited,
    stop,
    [Symbol.asyncDispose]: stop,
    async until({ what, ready, timeoutMs }) {
      const end = Date.now() + timeoutMs;
      while (!(await ready())) {
        if (gone()) throw new Error(`${options.command} ended before it would ${what}:\n${output()}`);
        if (Date.now() > end) {
          throw new Error(`${options.command} did not ${what} within ${timeoutMs / 1000} s:\n${output()}`);
        }
        await delay(50);
      }
    },
  };
}

function collectOutput(child: ChildProcess, onLine?: (line: string) => void): () => string {
  let kept = '';
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream?.setEncoding('utf8').on('data', (text: string) => {
      kept = (kept + text).slice(-KEPT_OUTPUT);
      if (onLine === undefined) return;
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    stream?.on('end', () => {
      if (rest !== '') onLine?.(rest);
    });
  }
  return () => kept;
}

/** Signals every process of the group that `pid` leads; one that is gone already is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: it went away by itself, which is what the signal is for.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether something accepts connections there: a TCP port (of 127.0.0.1 when no host is given). */
export async function accepts(target: number | { host: string; port: number }): Promise<boolean> {
  const socket = connect(typeof target === 'number' ? { host: '127.0.0.1', port: target } : target);
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(2_000) });
    return true;
  } catch {
    return false; // refused or no such file: not there yet, which is the answer
  } finally {
    socket.destroy();
  }
}
