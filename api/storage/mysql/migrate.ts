import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import type { Connection } from 'mysql2/promise';
import { StorageError } from '../contract/storage-error.ts';
import { refuseNewerDatabase } from '../migration-journal.ts';
import { sessionSql } from './connection-options.ts';
import { isAlreadyDone } from './errors.ts';
import { sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

const MIGRATIONS = fileURLToPath(new URL('migrations', import.meta.url));
/** Seconds to wait for another replica that migrates. */
const LOCK_SECONDS = 60;

type Migration = ReturnType<typeof readMigrationFiles>[number];

/**
 * Brings the tables to the newest schema, one process at a time. Drizzle's own migrator is for databases that roll
 * statements of DDL back; MySQL commits each at once, so how far a migration got is recorded and the next start
 * resumes it (docs/adr/0007-migrations-resume.md).
 */
export async function migrateMysql(connection: Connection, database: string): Promise<void> {
  const run = async (statement: Sql): Promise<unknown[]> => {
    const [rows] = await connection.query(statement.text);
    return rows as unknown[];
  };
  await connection.query(sessionSql());
  await lockDatabase(connection, database);
  await prepareRecords(run);
  const applied = await newestOf(run, sql`__drizzle_migrations`);
  refuseNewerDatabase(MIGRATIONS, applied);
  // One that a newer program began: half of what it changes may be there already.
  refuseNewerDatabase(MIGRATIONS, await newestOf(run, sql`migration_progress`));
  for (const migration of readMigrationFiles({ migrationsFolder: MIGRATIONS })) {
    if (migration.folderMillis > (applied ?? 0)) await applyMigration(run, migration);
  }
  await run(sql`INSERT IGNORE INTO revision_counter (id, current, compacted, checks) VALUES (1, 0, 0, 0)`);
}

/** Keeps every other process from migrating the database, or starting on it, until the connection is closed. */
export async function lockDatabase(connection: Connection, database: string): Promise<void> {
  // Lock names are of the whole server and at most 64 characters. Closing the connection releases it.
  const name = `troupe-${createHash('sha256').update(database).digest('hex').slice(0, 40)}`;
  const [rows] = await connection.query(sql`SELECT GET_LOCK(${name}, ${LOCK_SECONDS}) AS locked`.text);
  if ((rows as { locked: number }[])[0]?.locked === 1) return;
  const why = 'another process has been migrating the database, or restoring into it, for a minute';
  throw new StorageError('Unavailable', why);
}

type Run = (statement: Sql) => Promise<unknown[]>;

async function newestOf(run: Run, table: Sql): Promise<number | undefined> {
  const [newest] = await run(sql`SELECT MAX(created_at) AS applied FROM ${table}`);
  return (newest as { applied: number | null }).applied ?? undefined;
}

/** Drizzle's table of finished migrations, as it makes it, and ours of the one that is under way. */
async function prepareRecords(run: Run): Promise<void> {
  await run(sql`CREATE TABLE IF NOT EXISTS __drizzle_migrations
    (id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT)`);
  await run(sql`CREATE TABLE IF NOT EXISTS migration_progress
    (created_at BIGINT PRIMARY KEY, started INT NOT NULL, finished INT NOT NULL)`);
}

async function applyMigration(run: Run, migration: Migration): Promise<void> {
  const at = migration.folderMillis;
  await run(sql`INSERT IGNORE INTO migration_progress (created_at, started, finished) VALUES (${at}, 0, 0)`);
  const [progress] = await run(
    sql`SELECT started, finished FROM migration_progress WHERE created_at = ${at}`,
  );
  const { started, finished } = progress as { started: number; finished: number };
  for (const [index, text] of migration.sql.entries()) {
    if (index < finished) continue;
    const record = (count: number): Promise<unknown[]> =>
      run(sql`UPDATE migration_progress SET started = ${count} WHERE created_at = ${at}`);
    // What was started but not finished may have run without its record.
    if (index < started) await repeat(run, text);
    else {
      await record(index + 1);
      try {
        await applyStatement(run, text);
      } catch (error) {
        // The server said no, so it did not run. A connection that is gone cannot record that, and does not know it.
        await record(index).catch(() => undefined);
        throw error;
      }
    }
    await run(sql`UPDATE migration_progress SET finished = ${index + 1} WHERE created_at = ${at}`);
  }
  await run(sql`INSERT INTO __drizzle_migrations (hash, created_at) VALUES (${migration.hash}, ${at})`);
  await run(sql`DELETE FROM migration_progress WHERE created_at = ${at}`);
}

async function repeat(run: Run, text: string): Promise<void> {
  try {
    await run({ text });
  } catch (error) {
    if (!isAlreadyDone(error)) throw error;
  }
}

async function applyStatement(run: Run, text: string): Promise<void> {
  try {
    await run({ text });
  } catch (error) {
    if (!isAlreadyDone(error)) throw error;
    throw new StorageError(
      'Unavailable',
      'the database has tables of something else; give troupe a database of its own',
      { cause: error },
    );
  }
}
