import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { installPackages } from './packages.ts';
import { startProcess } from './process.ts';
import { findProgram, runProgram } from './program.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface Mysql extends AsyncDisposable {
  /** mysql://user:password@host:port/database; the user may create databases. */
  readonly url: string;
}

export interface MysqlOptions {
  /** Whether a commit is on disk before it is acknowledged; default false. Figures for people need true. */
  durable?: boolean;
}

const PURPOSE = {
  purpose: 'to run MySQL privately',
  otherwise: 'name a running server in TROUPE_TEST_DATABASE_URL (mysql://user:password@host:port/database).',
};

/** The server that TROUPE_TEST_DATABASE_URL names, else a private MariaDB or MySQL in a temporary folder. */
export async function mysql(options: MysqlOptions = {}): Promise<Mysql> {
  const named = process.env['TROUPE_TEST_DATABASE_URL'];
  if (named) return { url: named, async [Symbol.asyncDispose]() {} };

  const command = await mysqlServer();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('mysql'));
  const data = path.join(folder.path, 'data');
  await initialise(command, data);
  const password = randomBytes(12).toString('hex');
  const sql = path.join(folder.path, 'init.sql');
  await writeFile(sql, accountSql(password), { mode: 0o644 });
  const port = await freePort();
  const server = stack.use(
    await startProcess({
      command,
      args: [
        '--no-defaults',
        `--datadir=${data}`,
        `--socket=${path.join(folder.path, 'mysql.sock')}`,
        `--pid-file=${path.join(folder.path, 'mysql.pid')}`,
        `--init-file=${sql}`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        '--skip-name-resolve',
        '--max-connections=300',
        `--innodb-flush-log-at-trx-commit=${options.durable === true ? 1 : 2}`,
        ...asRoot(),
      ],
    }),
  );
  await server.until({ what: 'greet', ready: () => greets(port), timeoutMs: 60_000 });
  const owned = stack.move();
  return {
    url: `mysql://troupe:${password}@127.0.0.1:${port}/troupe`,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The daemon refuses to run as root unless it is told to. */
const asRoot = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

const accountSql = (password: string): string =>
  [
    'CREATE DATABASE troupe;',
    `CREATE USER 'troupe'@'127.0.0.1' IDENTIFIED BY '${password}';`,
    "GRANT ALL PRIVILEGES ON *.* TO 'troupe'@'127.0.0.1' WITH GRANT OPTION;",
    '',
  ].join('\n');

async function mysqlServer(): Promise<string> {
  const programs = ['mariadbd', 'mysqld'];
  const found = await findProgram(...programs);
  if (found !== undefined) return found;
  await installPackages(['mariadb-server'], PURPOSE);
  return (await findProgram(...programs)) ?? 'mariadbd';
}

/** Makes the system tables; MariaDB has a program of its own for it, MySQL an option of the daemon. */
async function initialise(command: string, data: string): Promise<void> {
  const version = await runProgram(command, ['--no-defaults', '--version']);
  if (!version.includes('MariaDB')) {
    await runProgram(command, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`, ...asRoot()]);
    return;
  }
  const installer = await findProgram('mariadb-install-db', 'mysql_install_db');
  if (installer === undefined) throw new Error(`mariadb-install-db is missing beside ${command}`);
  await runProgram(installer, [
    '--no-defaults',
    `--datadir=${data}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    // It wants to look its own host name up, which a bare machine cannot; nobody connects by name here.
    '--force',
    ...asRoot(),
  ]);
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
