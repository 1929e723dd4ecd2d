import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import type { Database as Connection } from 'better-sqlite3';
import { drizzle } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';
import { StorageError } from '../contract/storage-error.ts';
import type { Driver } from '../driver/driver.ts';
import { RESTORE_MARK, refuseHalfRestored } from '../backup/restore-mark.ts';
import { refuseNewerDatabase } from '../migration-journal.ts';
import { translated } from './errors.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { SqliteEncryptionTables } from './sqlite-encryption-tables.ts';
import { SqliteDumps, removeLeftCopies } from './sqlite-dump.ts';
import { SqliteRetention } from './sqlite-retention.ts';
import { SqliteRevisions } from './sqlite-revisions.ts';
import { SqliteTaskTables } from './sqlite-task-tables.ts';

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));

/**
 * Opens (and makes or migrates) a database file. Throws StorageError Unavailable when another process has it.
 * The schema and its migrations are Drizzle's; the statements are prepared by hand on the same connection,
 * because Drizzle's builder costs more than the statement itself on this path.
 */
export function openSqlite(file: string): Driver {
  return translated(() => {
    const connection = lockedConnection(file);
    try {
      migrateSqlite(connection);
      refuseHalfRestored(hasRestoreMark(connection));
      return driverOf(connection, new SqliteDumps(connection, file));
    } catch (error) {
      connection.close();
      throw error;
    }
  });
}

/** A connection that has the file, which is made if it is not there, for itself. Its tables may be of any version. */
export function lockedConnection(file: string): Connection {
  mkdirSync(path.dirname(path.resolve(file)), { recursive: true, mode: 0o700 });
  makePrivate(file);
  const connection = new Database(file, { timeout: 1_000 });
  try {
    prepare(connection, file);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Secrets are in it. A new file is for its owner alone; SQLite gives the files beside it the same mode. */
function makePrivate(file: string): void {
  if (file === ':memory:') return;
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch {
    // SQLite tells it better.
  }
}

function prepare(connection: Connection, file: string): void {
  // Exclusive before WAL: the lock then also replaces the shared-memory file. It ends with the process, however
  // that dies. Memory is only right while nobody else writes (see freshness.ts), so a second server is refused.
  connection.pragma('locking_mode = EXCLUSIVE');
  lock(connection, file);
  removeLeftCopies(file);
  connection.pragma('journal_mode = WAL');
  // An acknowledged write survives a power cut; NORMAL would lose the last ones. Group commit pays for it.
  connection.pragma('synchronous = FULL');
  connection.pragma('foreign_keys = ON');
  connection.pragma('cache_size = -32768');
}

/** Brings the tables to the newest schema, or leaves them as they are. */
export function migrateSqlite(connection: Connection): void {
  refuseNewerDatabase(MIGRATIONS, appliedMigration(connection));
  migrate(drizzle(connection), { migrationsFolder: MIGRATIONS });
  connection
    .prepare('INSERT OR IGNORE INTO revision_counter (id, current, compacted, checks) VALUES (1, 0, 0, 0)')
    .run();
}

function lock(connection: Connection, file: string): void {
  try {
    connection.exec('BEGIN EXCLUSIVE; COMMIT');
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')) {
      throw new StorageError(
        'Unavailable',
        `another process has the database file ${file}; only one may serve it`,
        {
          cause: error,
        },
      );
    }
    throw error;
  }
}

export function hasTable(connection: Connection, name: string): boolean {
  return (
    connection.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !==
    undefined
  );
}

export function hasRestoreMark(connection: Connection): boolean {
  if (!hasTable(connection, 'progress')) return false;
  return connection.prepare('SELECT 1 FROM progress WHERE name = ?').get(RESTORE_MARK) !== undefined;
}

function appliedMigration(connection: Connection): number | undefined {
  if (!hasTable(connection, '__drizzle_migrations')) return undefined;
  const row = connection.prepare('SELECT max(created_at) AS applied FROM __drizzle_migrations').get() as {
    applied: number | null;
  };
  return row.applied ?? undefined;
}

function driverOf(connection: Connection, dumps: SqliteDumps): Driver {
  const touch = connection.prepare('UPDATE revision_counter SET checks = checks + 1 WHERE id = 1');
  return {
    revisions: new SqliteRevisions(connection),
    tasks: new SqliteTaskTables(connection),
    history: new SqliteHistory(connection),
    encryption: new SqliteEncryptionTables(connection),
    retention: new SqliteRetention(connection),
    shared: false,
    async check() {
      translated(() => touch.run());
    },
    dump: (signal) => dumps.dump(signal),
    async close() {
      await dumps.close();
      connection.close();
    },
  };
}
