import { createConnection } from 'mysql2/promise';
import type { Driver } from '../driver/driver.ts';
import { refuseHalfRestored } from '../backup/restore-mark.ts';
import { connectionOptions } from './connection-options.ts';
import { MysqlConnections } from './connections.ts';
import type { MysqlLimits } from './connections.ts';
import { translateMysqlError } from './errors.ts';
import { migrateMysql } from './migrate.ts';
import { MysqlHistory } from './mysql-history.ts';
import { MysqlEncryptionTables } from './mysql-encryption-tables.ts';
import { dumpMysql } from './mysql-dump.ts';
import { hasRestoreMark } from './mysql-restore.ts';
import { MysqlRetention } from './mysql-retention.ts';
import { MysqlRevisions } from './mysql-revisions.ts';
import { MysqlTaskTables } from './mysql-task-tables.ts';
import { sql } from './sql-text.ts';

/**
 * Opens a database of MySQL 8 or 9 or MariaDB and makes or migrates its tables; the database itself must exist.
 * The schema and its migrations are Drizzle's; the statements are written by hand, because batches need several
 * statements per round trip, which Drizzle's builder does not send.
 */
export async function openMysql(url: string, limits: MysqlLimits = {}): Promise<Driver> {
  const options = connectionOptions(url);
  try {
    const connection = await createConnection(options);
    // Its statements fail by themselves; an event without a listener would end the process.
    connection.on('error', () => undefined);
    try {
      await migrateMysql(connection, options.database);
      refuseHalfRestored(await hasRestoreMark(connection));
      return driverOf(new MysqlConnections(url, limits));
    } finally {
      connection.destroy();
    }
  } catch (error) {
    throw translateMysqlError(error);
  }
}

function driverOf(connections: MysqlConnections): Driver {
  return {
    revisions: new MysqlRevisions(connections),
    tasks: new MysqlTaskTables(connections),
    history: new MysqlHistory(connections),
    encryption: new MysqlEncryptionTables(connections),
    retention: new MysqlRetention(connections),
    shared: true,
    pool: () => connections.figures,
    async check() {
      await connections.transaction((session) =>
        session.finish([sql`UPDATE revision_counter SET checks = checks + 1 WHERE id = 1`]),
      );
    },
    dump: () => dumpMysql(connections),
    close: () => connections.close(),
  };
}
