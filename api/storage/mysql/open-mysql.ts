import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/mysql2';
import { migrate } from 'drizzle-orm/mysql2/migrator';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { StorageError } from '../contract.ts';
import type { Driver } from '../contract.ts';
import { refuseNewerDatabase } from '../migration-journal.ts';
import { connectionOptions } from './connection-options.ts';
import { MysqlConnections } from './connections.ts';
import { translateMysqlError } from './errors.ts';
import { MysqlRevisions } from './mysql-revisions.ts';
import { MysqlTaskTables } from './mysql-task-tables.ts';
import { sql } from './sql-text.ts';

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
/** Seconds to wait for another replica that migrates. */
const LOCK_SECONDS = 60;

/**
 * Opens a database of MySQL 8 or 9 or MariaDB and makes or migrates its tables; the database itself must exist.
 * The schema and its migrations are Drizzle's; the statements are written by hand, because batches need several
 * statements per round trip, which Drizzle's builder does not send.
 */
export async function openMysql(url: string): Promise<Driver> {
  const options = connectionOptions(url);
  try {
    const connection = await createConnection(options);
    try {
      await migrateUnderLock(connection, options.database);
    } finally {
      connection.destroy();
    }
  } catch (error) {
    throw translateMysqlError(error);
  }
  return driverOf(new MysqlConnections(url));
}

async function migrateUnderLock(connection: Connection, database: string): Promise<void> {
  // Lock names are of the whole server and at most 64 characters. Closing the connection releases it.
  const name = `troupe-${createHash('sha256').update(database).digest('hex').slice(0, 40)}`;
  const [rows] = await connection.query(sql`SELECT GET_LOCK(${name}, ${LOCK_SECONDS}) AS locked`.text);
  if ((rows as { locked: number | null }[])[0]?.locked !== 1) {
    throw new StorageError('Unavailable', 'another process has been migrating the database for a minute');
  }
  refuseNewerDatabase(MIGRATIONS, await appliedMigration(connection));
  await migrate(drizzle(connection), { migrationsFolder: MIGRATIONS });
  await connection.query(
    'INSERT IGNORE INTO revision_counter (id, current, compacted, checks) VALUES (1, 0, 0, 0)',
  );
}

async function appliedMigration(connection: Connection): Promise<number | undefined> {
  const [tables] = await connection.query("SHOW TABLES LIKE '\\_\\_drizzle\\_migrations'");
  if ((tables as unknown[]).length === 0) return undefined;
  const [rows] = await connection.query('SELECT MAX(created_at) AS applied FROM __drizzle_migrations');
  const applied = (rows as { applied: number | null }[])[0]?.applied;
  return applied ?? undefined;
}

function driverOf(connections: MysqlConnections): Driver {
  return {
    revisions: new MysqlRevisions(connections),
    tasks: new MysqlTaskTables(connections),
    shared: true,
    async check() {
      await connections.transaction((session) =>
        session.finish([sql`UPDATE revision_counter SET checks = checks + 1 WHERE id = 1`]),
      );
    },
    close: () => connections.close(),
  };
}
