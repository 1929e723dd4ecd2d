import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { mustRun } from './command.ts';
import { ALLOWED_ADDRESSES } from './allowed-addresses.ts';
import { evidence } from './evidence.ts';
import { TROUPE } from './paths.ts';

/** Leader election with short times, so that tests need not wait for the 15 s of the default when a leader is killed. */
export const SHORT_LEASE = [
  '--leader-elect-lease-duration=6s',
  '--leader-elect-renew-deadline=4s',
  '--leader-elect-retry-period=500ms',
];

export interface TroupeProcessOptions {
  /** Command line after `troupe`. */
  args: readonly string[];
  env?: Record<string, string>;
  /** What the process prints on one line once it works. */
  readyLine: RegExp;
}

export interface TroupeProcess extends AsyncDisposable {
  readonly process: RunningProcess;
  /** The match of the ready line. */
  readonly ready: RegExpExecArray;
  /** Ends the process without a chance to clean up, as a crash does. */
  kill(): Promise<void>;
}

/** Starts one of Troupe's processes as a user would and waits for its ready line. */
export async function startTroupe(options: TroupeProcessOptions): Promise<TroupeProcess> {
  let ready: RegExpExecArray | null = null;
  const process_ = await startProcess({
    command: TROUPE,
    args: options.args,
    env: {
      ...process.env,
      TROUPE_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES,
      ...portRange(),
      ...options.env,
    },
    onLine: (line) => {
      ready ??= options.readyLine.exec(line);
    },
    patienceMs: 30_000,
  });
  const heard = evidence(`troupe ${options.args[0] ?? ''}`, () => process_.output());
  const stop = async (): Promise<void> => {
    await process_.stop();
    heard[Symbol.dispose]();
  };
  try {
    await process_.until({ what: 'get ready', ready: () => ready !== null, timeoutMs: 60_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process: process_,
    ready: ready as unknown as RegExpExecArray,
    async kill() {
      process.kill(process_.pid, 'SIGKILL');
      await process_.exited;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Files run side by side, each in a worker with a number of its own: two executor managers that look for a free port in
 * one range at one moment may both find the same.
 */
function portRange(): Record<string, string> {
  const first = 12_000 + Number(process.env['VITEST_POOL_ID'] ?? 0) * 100;
  return { EXECUTOR_PORT_RANGE_MIN: `${first}`, EXECUTOR_PORT_RANGE_MAX: `${first + 99}` };
}

export interface ServerOptions {
  dataDir: string;
  driver?: 'auto' | 'docker' | 'kubernetes' | 'process';
  /** Default 127.0.0.1:0. */
  listen?: string;
  env?: Record<string, string>;
  /** More of the command line. */
  flags?: readonly string[];
}

export interface TroupeServer extends TroupeProcess {
  readonly url: string;
  readonly kubeconfig: string;
}

/** `troupe server` on SQLite in `dataDir`. */
export async function startServer(options: ServerOptions): Promise<TroupeServer> {
  const kubeconfig = path.join(options.dataDir, 'test-kubeconfig');
  const started = await startTroupe({
    args: [
      'server',
      ...['--listen', options.listen ?? '127.0.0.1:0'],
      ...['--data-dir', options.dataDir],
      ...['--write-kubeconfig', kubeconfig],
      ...['--driver', options.driver ?? 'process'],
      ...(options.flags ?? []),
    ],
    env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '', ...options.env },
    readyLine: /^troupe server ready at (\S+),/,
  });
  await readFile(kubeconfig);
  return {
    ...started,
    url: started.ready[1] ?? '',
    kubeconfig,
    async [Symbol.asyncDispose]() {
      await deleteTasks(kubeconfig);
      await started[Symbol.asyncDispose]();
    },
  };
}

export interface ReplicaOptions {
  dataDir: string;
  databaseURL: string;
  /** Default 127.0.0.1:0. */
  listen?: string;
  /** More of the command line. */
  flags?: readonly string[];
}

export interface Replica extends TroupeProcess {
  readonly url: string;
}

/** `troupe api`, one of several on one MySQL. */
export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const started = await startTroupe({
    args: [
      'api',
      ...['--listen', options.listen ?? '127.0.0.1:0'],
      ...['--data-dir', options.dataDir],
      ...(options.flags ?? []),
    ],
    env: { TROUPE_DATABASE_URL: options.databaseURL, TROUPE_REDIS_URL: '' },
    readyLine: /^troupe api ready at (\S+),/,
  });
  return { ...started, url: started.ready[1] ?? '' };
}

/** A server that stops leaves its sandboxes to the next one, which no test starts: they must go before. */
async function deleteTasks(kubeconfig: string): Promise<void> {
  const kubectl = (...args: string[]): Promise<string> =>
    mustRun('kubectl', [...args, '--all', '--timeout=60s'], { env: { KUBECONFIG: kubeconfig } });
  await kubectl('delete', 'tasks');
  await kubectl('wait', 'sandboxes', '--for=delete');
}
