import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { lastBytes } from '../text/cut.ts';
import { createLineSplitter } from '../text/line-splitter.ts';
import { RunFailure, describeError } from '../run-failure.ts';
import { MARK_VARIABLE, markValue, signalGroup, spawnGuarded } from './guarded-spawn.ts';
import { killStragglers } from './stragglers.ts';

/** Between SIGTERM and SIGKILL. */
const PATIENCE_MS = 5000;
/** For what is still in the pipes once the process is gone. */
const DRAIN_MS = 2000;
const KEPT_STDERR_BYTES = 4096;

export interface AgentProcessOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** Written to stdin, which is then closed; or told its stdin, to write to it and to close it. */
  input: string | ((stdin: Writable) => void);
  /**
   * The texts that the program reads from its descriptors 3, 4, ...: nothing that it starts gets to see them, as it would in the
   * environment.
   */
  descriptors?: readonly string[];
  /** A value no other run has, put into the environment: it marks what the agent leaves behind. */
  mark: string;
  /** Asks the process to end; SIGKILL follows when it does not. */
  signal: AbortSignal;
  clock: Clock;
  onLine: (line: string) => void;
  onErrorLine: (line: string) => void;
}

export interface AgentExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The end of what it wrote to stderr. */
  stderr: string;
}

/**
 * Runs a program to its end, in a process group of its own. When it is gone, what it left running is killed; a
 * process that has cleared its environment is found by nobody and ends with the container.
 * Throws RunFailure StartFailed when it cannot be started.
 */
export async function runAgentProcess(options: AgentProcessOptions): Promise<AgentExit> {
  const child = start(options);
  const stderr = readStreams(child, options);
  const stopKilling = killOnAbort(child, options);
  try {
    const exit = await ended(child, options);
    const said = stderr();
    if (isNotFound(exit, said))
      throw new RunFailure('StartFailed', `the agent cannot be started: ${said.trim()}`);
    return { ...exit, stderr: said };
  } finally {
    stopKilling();
  }
}

/** The guard is there, and the program that it was to become is not. */
function isNotFound({ code }: Pick<AgentExit, 'code'>, stderr: string): boolean {
  return (code === 127 || code === 126) && stderr.startsWith('setpriv: failed to execute ');
}

function start(options: AgentProcessOptions): ChildProcessWithoutNullStreams {
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawnGuarded(options);
  } catch (error) {
    throw notStarted(error);
  }
  for (const [index, text] of (options.descriptors ?? []).entries()) {
    feed(child.stdio[3 + index] as Writable).end(text);
  }
  const stdin = feed(child.stdin);
  if (typeof options.input === 'string') stdin.end(options.input);
  else options.input(stdin);
  return child;
}

/** A program that does not read its input closes the pipe; its exit says what happened. */
function feed(pipe: Writable): Writable {
  return pipe.on('error', () => undefined);
}

function notStarted(error: unknown): RunFailure {
  return new RunFailure('StartFailed', `the agent cannot be started: ${describeError(error)}`, error);
}

function readStreams(child: ChildProcessWithoutNullStreams, options: AgentProcessOptions): () => string {
  let kept = '';
  const out = createLineSplitter(options.onLine, () => options.onErrorLine('a line of 32 MB was dropped'));
  const err = createLineSplitter(
    (line) => {
      kept = lastBytes(`${kept}${line}\n`, KEPT_STDERR_BYTES);
      options.onErrorLine(line);
    },
    () => undefined,
  );
  child.stdout.on('data', (chunk: Buffer) => out.write(chunk)).once('close', () => out.end());
  child.stderr.on('data', (chunk: Buffer) => err.write(chunk)).once('close', () => err.end());
  return () => kept;
}

function ended(
  child: ChildProcessWithoutNullStreams,
  options: AgentProcessOptions,
): Promise<Pick<AgentExit, 'code' | 'signal'>> {
  return new Promise((resolve, reject) => {
    let cancelDrain: (() => void) | undefined;
    child.once('error', (error) => {
      reject(notStarted(error));
    });
    child.once('exit', () => {
      // What it left running holds the pipes open, and 'close' would never come.
      killStragglers(MARK_VARIABLE, markValue(options.mark));
      cancelDrain = options.clock.after(DRAIN_MS, () => {
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    child.once('close', (code, signal) => {
      cancelDrain?.();
      resolve({ code, signal });
    });
  });
}

function killOnAbort(
  child: ChildProcessWithoutNullStreams,
  { signal, clock }: AgentProcessOptions,
): () => void {
  let cancelKill: (() => void) | undefined;
  const kill = (): void => {
    signalGroup(child, 'SIGTERM');
    cancelKill = clock.after(PATIENCE_MS, () => signalGroup(child, 'SIGKILL'));
  };
  if (signal.aborted) kill();
  else signal.addEventListener('abort', kill, { once: true });
  return () => {
    cancelKill?.();
    signal.removeEventListener('abort', kill);
  };
}
