import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { BACKUP_TABLE_NAMES, TABLES_WITHOUT_BACKUP } from '../backup/backup-tables.ts';
import { RESTORE_MARK } from '../backup/restore-mark.ts';
import type { InsertRows, RestoreTarget, TargetContent } from '../backup/restore-target.ts';
import { StorageError } from '../contract/storage-error.ts';
import { connectionOptions, sessionSql } from './connection-options.ts';
import { translateMysqlError } from './errors.ts';
import { lockDatabase, migrateMysql } from './migrate.ts';
import { escapedBytes, rowGroups, rowList, sql } from './sql-text.ts';
import type { Sql } from './sql-text.ts';

/** @throws StorageError Unavailable when others are connected with the database, as servers always are */
export async function openMysqlTarget(url: string): Promise<RestoreTarget> {
  const { database, ...options } = connectionOptions(url);
  try {
    const connection = await createConnection({ ...options, database });
    // Its statements fail by themselves; an event without a listener would end the process.
    connection.on('error', () => undefined);
    try {
      await connection.query(sessionSql());
      await lockDatabase(connection, database);
      await refuseOthers(connection);
      return new MysqlTarget(connection, database);
    } catch (error) {
      connection.destroy();
      throw error;
    }
  } catch (error) {
    throw translateMysqlError(error);
  }
}

/**
 * A server asks for new revisions all the time, so it has a connection. Our account sees at least its own ones. Those of
 * a server that was stopped a moment ago may take a moment to go.
 */
async function refuseOthers(connection: Connection): Promise<void> {
  let quiet = 0;
  for (let left = LOOKS; quiet < QUIET_LOOKS; left--) {
    const others = await connectionsBeside(connection, left);
    quiet = others?.length === 0 ? quiet + 1 : 0;
    if (others !== undefined && others.length > 0 && left <= 0) {
      const named = others.map(({ id, user }) => `${id} of ${user}`).join(', ');
      const why = `others are connected with the database (connection ${named})`;
      throw new StorageError('Unavailable', `${why}; stop every troupe server that uses it`);
    }
    if (quiet < QUIET_LOOKS) await delay(LOOK_MS);
  }
}

/** MySQL reads its process list without locks: a connection that is at work may be missing from one look. */
const QUIET_LOOKS = 4;
const LOOKS = 20;
const LOOK_MS = 100;

/**
 * Undefined when the list cannot be read at this moment: MySQL cuts the statements of other sessions for it, at times
 * within a character, and then refuses the whole list (ER_CANNOT_CONVERT_STRING).
 */
async function connectionsBeside(
  connection: Connection,
  looksLeft: number,
): Promise<{ id: number; user: string }[] | undefined> {
  try {
    const [rows] = await connection.query(
      'SELECT id AS id, user AS user FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
    );
    return rows as { id: number; user: string }[];
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ER_CANNOT_CONVERT_STRING' && looksLeft > 0) return undefined;
    throw error;
  }
}

/** The tables are of the newest schema. */
export async function hasRestoreMark(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query(sql`SELECT 1 FROM progress WHERE name = ${RESTORE_MARK}`.text);
  return (rows as unknown[]).length > 0;
}

class MysqlTarget implements RestoreTarget {
  readonly #connection: Connection;
  readonly #database: string;
  #maxPacket = 0;

  constructor(connection: Connection, database: string) {
    this.#connection = connection;
    this.#database = database;
  }

  async content(): Promise<TargetContent> {
    const tables = await this.#query(
      sql`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()`,
    );
    const names = new Set((tables as { name: string }[]).map(({ name }) => name));
    const number = async (table: string, expression: Sql): Promise<number> => {
      if (!names.has(table)) return 0;
      const [row] = await this.#query(sql`SELECT ${expression} AS number FROM ${{ text: table }}`);
      return (row as { number: number | null }).number ?? 0;
    };
    return {
      revision: await number('revision_counter', sql`MAX(current)`),
      objects: await number('objects', sql`COUNT(*)`),
      taskLogs: await number('task_logs', sql`COUNT(*)`),
      interrupted: names.has('progress') && (await hasRestoreMark(this.#connection)),
    };
  }

  async begin(): Promise<void> {
    try {
      await migrateMysql(this.#connection, this.#database);
    } catch (error) {
      throw translateMysqlError(error);
    }
    const [row] = await this.#query(sql`SELECT @@max_allowed_packet AS size`);
    this.#maxPacket = (row as { size: number }).size;
    await this.#query(sql`INSERT IGNORE INTO progress (name, position) VALUES (${RESTORE_MARK}, 0)`);
    for (const table of [...BACKUP_TABLE_NAMES, ...TABLES_WITHOUT_BACKUP]) {
      if (table === 'progress') await this.#query(sql`DELETE FROM progress WHERE name <> ${RESTORE_MARK}`);
      else await this.#query({ text: `TRUNCATE TABLE ${table}` });
    }
  }

  async insert({ table, columns, rows }: InsertRows): Promise<void> {
    const limit = this.#maxPacket - 4096;
    const large = rows.find((row) => escapedBytes(row) > limit);
    if (large !== undefined) {
      const at = `${table} ${large.slice(0, 3).join(' ')}`;
      throw new StorageError(
        'TooLarge',
        `a row is larger than max_allowed_packet of the database allows: ${at}`,
      );
    }
    const head = { text: `INSERT INTO ${table} (${columns.join(', ')}) VALUES` };
    await this.#query(sql`START TRANSACTION`);
    for (const group of rowGroups(rows, limit)) await this.#query(sql`${head} ${rowList(group)}`);
    await this.#query(sql`COMMIT`);
  }

  async finish({ revision, keyGeneration }: { revision: number; keyGeneration: number }): Promise<void> {
    await this.#query(sql`START TRANSACTION`);
    await this.#query(sql`UPDATE revision_counter SET current = ${revision}, compacted = ${revision},
      key_generation = GREATEST(key_generation, ${keyGeneration}) + 1 WHERE id = 1`);
    await this.#query(sql`DELETE FROM progress WHERE name = ${RESTORE_MARK}`);
    await this.#query(sql`COMMIT`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.destroy();
  }

  async #query(statement: Sql): Promise<unknown[]> {
    try {
      const [rows] = await this.#connection.query(statement.text);
      return rows as unknown[];
    } catch (error) {
      throw translateMysqlError(error);
    }
  }
}
