import { once } from 'node:events';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Clock } from '../clock.ts';
import { MARK_VARIABLE, markValue, signalGroup, spawnGuarded } from './guarded-spawn.ts';
import type { GuardedSpawnOptions } from './guarded-spawn.ts';
import { killStragglers } from './stragglers.ts';

/** After its input is closed: until SIGTERM, and until SIGKILL. */
const INPUT_MS = 300;
const PATIENCE_MS = 2000;
/** For what is still in the pipes once the process is gone. */
const DRAIN_MS = 500;

/** A program that serves the run from its start to its end, spoken to over its pipes. */
export interface ServerProcess {
  child: ChildProcessWithoutNullStreams;
  /** Rejects with the system's error when the program cannot be started. */
  spawned: Promise<void>;
  /** How it ended, once its pipes are read to their end; rejects like `spawned`. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Ends it, with what it has started in its group. Idempotent; rejects never. */
  stop(): Promise<void>;
}

/** Throws the system's error for an environment that is too large. */
export function startServerProcess(options: GuardedSpawnOptions & { clock: Clock }): ServerProcess {
  const child = spawnGuarded(options);
  // A program that has ended tells it by its exit.
  child.stdin.on('error', () => undefined);
  const spawned = once(child, 'spawn').then(() => undefined);
  const ended = endOf(child, options);
  ended.catch(() => undefined); // told by `spawned` too
  let stopping: Promise<void> | undefined;
  return {
    child,
    spawned,
    ended,
    stop() {
      stopping ??= stop(child, options.clock, ended.then(noop, noop));
      return stopping;
    },
  };
}

const noop = (): void => undefined;

function endOf(
  child: ChildProcessWithoutNullStreams,
  { clock, mark }: GuardedSpawnOptions & { clock: Clock },
): ServerProcess['ended'] {
  return new Promise((resolve, reject) => {
    let cancelDrain: (() => void) | undefined;
    child.once('error', reject);
    child.once('exit', () => {
      // A program that it left running holds the pipes open, and 'close' would never come.
      cancelDrain = clock.after(DRAIN_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
      killStragglers(MARK_VARIABLE, markValue(mark));
    });
    child.once('close', (code, signal) => {
      cancelDrain?.();
      resolve({ code, signal });
    });
  });
}

/** As the protocol has it for stdio: the input is closed, then SIGTERM, then SIGKILL. */
async function stop(
  child: ChildProcessWithoutNullStreams,
  clock: Clock,
  ended: Promise<void>,
): Promise<void> {
  child.stdin.end();
  const cancels = [
    clock.after(INPUT_MS, () => signalGroup(child, 'SIGTERM')),
    clock.after(INPUT_MS + PATIENCE_MS, () => signalGroup(child, 'SIGKILL')),
  ];
  await ended;
  for (const cancel of cancels) cancel();
}
