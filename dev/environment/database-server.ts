import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { databaseProgram, initialiseDatabase } from './database-program.ts';
import type { DatabaseFlavour, DatabaseProgram } from './database-program.ts';
import { freePort } from './free-port.ts';
import { startProcess } from './process.ts';
import type { RunningProcess } from './process.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface DatabaseServerOptions {
  flavour: DatabaseFlavour;
  /** Whether a commit is on disk before it is acknowledged; default false. Figures for people need true. */
  durable?: boolean;
  /** Options of the daemon that hold from its initialisation on, such as `--innodb-page-size=16k`. */
  settings?: readonly string[];
}

/** A server that nobody else uses, on a port and a data folder that it keeps. Disposing stops it and removes them. */
export interface DatabaseServer extends AsyncDisposable {
  /** mysql://user:password@host:port/database; the user may do everything. */
  readonly url: string;
  readonly port: number;
  /** SIGKILL, as a crash is. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** An orderly end. */
  stop(): Promise<void>;
  /** Starts what was killed or stopped; `settings` come after those of before and hold for this run. */
  start(settings?: readonly string[]): Promise<void>;
  /** Stops the process in its tracks: its port accepts, and nothing answers. */
  pause(): void;
  resume(): void;
}

const DURABLE = ['--innodb-flush-log-at-trx-commit=1', '--sync-binlog=1'];
/** Survives the death of the server, not that of the machine. */
const HASTY = ['--innodb-flush-log-at-trx-commit=2', '--sync-binlog=0'];

/** Makes a private MariaDB or MySQL and starts it. */
export async function databaseServer(options: DatabaseServerOptions): Promise<DatabaseServer> {
  const { flavour } = options;
  const program = await databaseProgram(flavour);
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder(flavour));
  const data = [`--datadir=${path.join(folder.path, 'data')}`, ...(options.settings ?? [])];
  await initialiseDatabase(flavour, program, data);
  const password = randomBytes(12).toString('hex');
  const accounts = path.join(folder.path, 'accounts.sql');
  await writeFile(accounts, accountSql(password), { mode: 0o644 });
  const port = await freePort();
  const server = new Server(program, port, [
    ...data,
    `--socket=${path.join(folder.path, 'server.sock')}`,
    `--pid-file=${path.join(folder.path, 'server.pid')}`,
    `--init-file=${accounts}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--max-connections=300',
    ...(options.durable === true ? DURABLE : HASTY),
  ]);
  stack.defer(() => server.stop());
  await server.start();
  const owned = stack.move();
  return {
    url: `mysql://troupe:${password}@127.0.0.1:${port}/troupe`,
    port,
    kill: () => server.kill(),
    stop: () => server.stop(),
    start: (settings) => server.start(settings),
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Run at every start, so each statement must be able to come again. */
const accountSql = (password: string): string =>
  [
    'CREATE DATABASE IF NOT EXISTS troupe;',
    `CREATE USER IF NOT EXISTS 'troupe'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    "GRANT ALL PRIVILEGES ON *.* TO 'troupe'@'127.0.0.1' WITH GRANT OPTION;",
    '',
  ].join('\n');

class Server {
  readonly #program: DatabaseProgram;
  readonly #port: number;
  readonly #options: readonly string[];
  #process: RunningProcess | undefined;

  constructor(program: DatabaseProgram, port: number, options: readonly string[]) {
    this.#program = program;
    this.#port = port;
    this.#options = options;
  }

  async start(settings: readonly string[] = []): Promise<void> {
    const { command, args } = this.#program;
    const started = await startProcess({ command, args: [...args, ...this.#options, ...settings] });
    this.#process = started;
    await started.until({ what: 'greet', ready: () => greets(this.#port), timeoutMs: 60_000 });
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT');
    await this.#process?.stop();
    this.#process = undefined;
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#process?.exited;
    this.#process = undefined;
  }

  signal(signal: 'SIGCONT' | 'SIGKILL' | 'SIGSTOP'): void {
    if (this.#process !== undefined) process.kill(this.#process.pid, signal);
  }
}

/** Whether the server at the port sends its first packet; the port accepts earlier than that. */
async function greets(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'data', { signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false; // refused or silent: not ready yet, which is the answer
  } finally {
    socket.destroy();
  }
}
