import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../cache-folder.ts';
import { unpackPackage } from '../debian-packages.ts';
import { installPackages } from '../packages.ts';
import { findProgram, runProgram } from '../program.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** The two that speak MySQL's protocol; they differ more than their names say. */
export type DatabaseFlavour = 'mariadb' | 'mysql';

/** The variable that names a running server of the flavour. */
export const SERVER_VARIABLES = {
  mariadb: 'TROUPE_TEST_DATABASE_URL',
  mysql: 'TROUPE_TEST_MYSQL_URL',
} as const;

/** A daemon: `command` with `args` in front of all others. */
export interface DatabaseProgram {
  command: string;
  args: readonly string[];
}

/** The daemon refuses to run as root unless it is told to. */
const asRoot = (): string[] => (process.getuid?.() === 0 ? ['--user=root'] : []);

const otherwise = (flavour: DatabaseFlavour): string =>
  `name a running server in ${SERVER_VARIABLES[flavour]} (mysql://user:password@host:port/database).`;

/** The daemon of the flavour: what is installed, else Debian's. Throws, saying how to get it, where neither is possible. */
export function databaseProgram(flavour: DatabaseFlavour): Promise<DatabaseProgram> {
  return flavour === 'mariadb' ? mariadb() : mysql();
}

async function mariadb(): Promise<DatabaseProgram> {
  if ((await findProgram('mariadbd')) === undefined) {
    await installPackages(['mariadb-server'], {
      purpose: 'to run MariaDB privately',
      otherwise: otherwise('mariadb'),
    });
  }
  return { command: (await findProgram('mariadbd')) ?? 'mariadbd', args: ['--no-defaults', ...asRoot()] };
}

/** Beside MariaDB Debian installs no MySQL, and its last release has none: that of sid is unpacked, with its libraries. */
async function mysql(): Promise<DatabaseProgram> {
  const args = ['--no-defaults', ...asRoot(), '--mysqlx=OFF', '--secure-file-priv=NULL'];
  const installed = await findProgram('mysqld');
  if (installed !== undefined && !(await versionOf(installed)).includes('MariaDB')) {
    return { command: installed, args };
  }
  const folder = cacheFolder('mysql');
  if (!existsSync(folder)) {
    const how = otherwise('mysql');
    await unpackPackage({
      suite: 'sid',
      name: 'mysql-server-core',
      withLibraries: true,
      target: folder,
      otherwise: `install MySQL 8 or newer, or ${how}`,
    });
  }
  const files = path.join(folder, 'usr');
  const loader = await loaderOf(files);
  const daemon = [path.join(files, 'sbin/mysqld'), ...args, `--basedir=${files}`];
  return { command: loader.command, args: [...loader.args, ...daemon] };
}

/** Its own loader finds the libraries beside it: those of the system are too old for it. */
async function loaderOf(files: string): Promise<DatabaseProgram> {
  const libraries = await entry(path.join(files, 'lib'), /-linux-gnu$/);
  const command = await entry(libraries, /^ld-linux/);
  return { command, args: ['--library-path', libraries] };
}

async function entry(folder: string, pattern: RegExp): Promise<string> {
  const found = (await readdir(folder)).find((name) => pattern.test(name));
  if (found === undefined) throw new Error(`nothing in ${folder} is named like ${String(pattern)}`);
  return path.join(folder, found);
}

const versionOf = (command: string): Promise<string> => runProgram(command, ['--no-defaults', '--version']);

/** Makes the system tables; MariaDB has a program of its own for it, MySQL an option of the daemon. */
export async function initialiseDatabase(
  flavour: DatabaseFlavour,
  program: DatabaseProgram,
  options: readonly string[],
): Promise<void> {
  if (flavour === 'mysql') {
    await runProgram(program.command, [...program.args, '--initialize-insecure', ...options]);
    return;
  }
  const installer = await findProgram('mariadb-install-db', 'mysql_install_db');
  if (installer === undefined) throw new Error(`mariadb-install-db is missing beside ${program.command}`);
  // The daemon it starts clears temporary files of its kind away, and fails when another that starts does the same.
  await using scratch = await temporaryFolder('install-db');
  const args = [
    ...program.args,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    // It wants to look its own host name up, which a bare machine cannot; nobody connects by name here.
    '--force',
    ...options,
  ];
  await runProgram(installer, args, { env: { ...process.env, TMPDIR: scratch.path } });
}
