import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { databaseProgram, initialiseDatabase } from './database-program.ts';
import type { DatabaseFlavour } from './database-program.ts';
import { freePort } from '../free-port.ts';
import { RestartableProcess } from '../restartable-process.ts';
import type { Restartable } from '../restartable-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface DatabaseServerOptions {
  flavour: DatabaseFlavour;
  /** Whether a commit is on disk before it is acknowledged; default false. Figures for people need true. */
  durable?: boolean;
  /** Options of the daemon that hold from its initialisation on, such as `--innodb-page-size=16k`. */
  settings?: readonly string[];
}

/** A server that nobody else uses, on a port and a data folder that it keeps. Disposing stops it and removes them. */
export interface DatabaseServer extends Restartable, AsyncDisposable {
  /** mysql://user:password@host:port/database; the user may do everything. */
  readonly url: string;
  readonly port: number;
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
  const args = [
    ...program.args,
    ...data,
    `--socket=${path.join(folder.path, 'server.sock')}`,
    `--pid-file=${path.join(folder.path, 'server.pid')}`,
    `--init-file=${accounts}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--max-connections=1000',
    ...(options.durable === true ? DURABLE : HASTY),
  ];
  const server = new RestartableProcess({ command: program.command, args, ready: () => greets(port) });
  stack.defer(() => server.stop());
  await server.start();
  const owned = stack.move();
  return {
    url: `mysql://troupe:${password}@127.0.0.1:${port}/troupe`,
    port,
    ...server.controls,
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
