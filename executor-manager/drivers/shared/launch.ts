import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, open, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Readable } from 'node:stream';
import { StatusError } from '#api/machinery/status-error';
import { RUNNER_ENV, SHARED_RUNNER_PORT_FD } from '../../protocol/runner-environment.ts';
import type { RunnerAddresses } from '../../protocol/runner-environment.ts';

export interface LaunchOptions {
  /** Program and arguments of the runner. */
  runner: readonly [string, ...string[]];
  /** The variables that it gets beside its settings. */
  environment: Readonly<Record<string, string>>;
  tokenHash: string;
  addresses: RunnerAddresses;
  /** How many runs it may hold. */
  capacity: number;
  /** The user and group it runs as; absent: as this process, for which only root has a choice. */
  user: number | undefined;
}

export interface Launched {
  child: ChildProcess;
  port: number;
  state: string;
}

/** The runner itself, and what a conversation needs at most beside it. */
const HEAP_MIB = { base: 256, each: 1 };
const LISTEN_MS = 30_000;
const LOG = 'runner.log';

/**
 * Starts a shared runner and waits until it listens.
 * @throws StatusError InternalError with the last words of a runner that does not come that far.
 */
export async function launchRunner(options: LaunchOptions): Promise<Launched> {
  const state = await stateFolder(options.user);
  const child = await spawnRunner(options, state);
  try {
    return { child, state, port: await portOf(child) };
  } catch (error) {
    child.kill('SIGKILL');
    const words = await lastWords(state);
    const how = (error as Error).message;
    throw failure(`the shared runner ${how}${words === '' ? '' : `: ${words}`}`, error);
  }
}

/** Not in the data folder, which a user of its own cannot and must not enter. */
async function stateFolder(user: number | undefined): Promise<string> {
  const parent = user === undefined ? tmpdir() : await enterableFolder();
  const folder = await mkdtemp(join(parent, 'troupe-conversations-'));
  if (user !== undefined) await chown(folder, user, user);
  return folder;
}

/** For a user of its own: TMPDIR may lie in a folder that is closed to others. */
async function enterableFolder(): Promise<string> {
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) if (await isEnterable(folder)) return folder;
  throw failure(
    `no folder for temporary files is open to other users; looked at ${tmpdir()} and /tmp`,
    undefined,
  );
}

const OTHERS_ENTER = 0o001;

/** Whether everybody may go through it and all the folders above it. */
async function isEnterable(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined); // one that is not there is not enterable
  if (found === undefined || (found.mode & OTHERS_ENTER) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || isEnterable(parent);
}

async function spawnRunner(options: LaunchOptions, state: string): Promise<ChildProcess> {
  const { runner, environment, tokenHash, addresses, capacity, user } = options;
  const [program, ...args] = runner;
  const log = await open(join(state, LOG), 'a', 0o600);
  const heapMiB = HEAP_MIB.base + HEAP_MIB.each * capacity;
  const settings = {
    [RUNNER_ENV.port]: '0',
    [RUNNER_ENV.host]: '127.0.0.1',
    [RUNNER_ENV.tokenHash]: tokenHash,
    [RUNNER_ENV.state]: state,
    [RUNNER_ENV.conversations]: String(capacity),
    [RUNNER_ENV.addresses]: JSON.stringify(addresses),
  };
  try {
    const child = spawn(program, [`--max-old-space-size=${heapMiB}`, ...args], {
      cwd: state,
      // A group of its own: it outlives us.
      detached: true,
      stdio: ['pipe', log.fd, log.fd, 'pipe'],
      env: { ...environment, HOME: state, TMPDIR: state, ...settings },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    await once(child, 'spawn');
    child.unref();
    return child;
  } catch (error) {
    const as = user === undefined ? '' : ` as user ${user}`;
    throw failure(
      `the shared runner cannot be started${as}: ${(error as Error).message}${hint(error)}`,
      error,
    );
  } finally {
    await log.close();
  }
}

/** A checkout or package below a folder such as /root is closed to the runner's own user. */
function hint(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code !== 'EACCES') return '';
  return ' (its folder is closed to other users: install Troupe elsewhere, or do not run it as root)';
}

/** As the runner says it. Throws an Error whose message is the end of a sentence. */
async function portOf(child: ChildProcess): Promise<number> {
  const pipe = child.stdio[SHARED_RUNNER_PORT_FD] as Readable;
  const late = AbortSignal.timeout(LISTEN_MS);
  let text = '';
  try {
    for await (const piece of addAbortSignal(late, pipe).setEncoding('utf8')) text += String(piece);
  } catch (error) {
    if (late.aborted) throw new Error(`did not listen within ${LISTEN_MS / 1000} s`, { cause: error });
    throw error;
  }
  const port = Number(text.trim());
  if (Number.isInteger(port) && port > 0) return port;
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal: late });
  throw new Error(describeExit(child));
}

export function describeExit(child: ChildProcess): string {
  return child.signalCode === null
    ? `exited with code ${child.exitCode}`
    : `was killed by the signal ${child.signalCode}`;
}

const SHOWN = 1000;

/** The end of what a runner has written, for its operator. */
export async function lastWords(state: string): Promise<string> {
  const text = await readFile(join(state, LOG), 'utf8').catch(() => '');
  return text
    .slice(-SHOWN)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
}

function failure(message: string, cause: unknown): StatusError {
  return new StatusError('InternalError', message, { cause });
}
