import type { Database as Connection } from 'better-sqlite3';
import { BACKUP_TABLE_NAMES, TABLES_WITHOUT_BACKUP } from '../backup/backup-tables.ts';
import { RESTORE_MARK } from '../backup/restore-mark.ts';
import type { InsertRows, RestoreTarget, TargetContent } from '../backup/restore-target.ts';
import { translated } from './errors.ts';
import { hasRestoreMark, hasTable, lockedConnection, migrateSqlite } from './open-sqlite.ts';

/** @throws StorageError Unavailable when a server has the file */
export async function openSqliteTarget(file: string): Promise<RestoreTarget> {
  return new SqliteTarget(translated(() => lockedConnection(file)));
}

class SqliteTarget implements RestoreTarget {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async content(): Promise<TargetContent> {
    return translated(() => ({
      revision: this.#number('revision_counter', 'max(current)'),
      objects: this.#number('objects', 'count(*)'),
      taskLogs: this.#number('task_logs', 'count(*)'),
      interrupted: hasRestoreMark(this.#connection),
    }));
  }

  async begin(): Promise<void> {
    translated(() => migrateSqlite(this.#connection));
    this.#transaction(() => {
      this.#connection
        .prepare('INSERT OR REPLACE INTO progress (name, position) VALUES (?, 0)')
        .run(RESTORE_MARK);
    });
    this.#transaction(() => {
      for (const table of [...BACKUP_TABLE_NAMES, ...TABLES_WITHOUT_BACKUP]) {
        const kept = table === 'progress' ? ` WHERE name <> '${RESTORE_MARK}'` : '';
        this.#connection.exec(`DELETE FROM ${table}${kept}`);
      }
    });
  }

  async insert({ table, columns, rows }: InsertRows): Promise<void> {
    this.#transaction(() => {
      const places = columns.map(() => '?').join(', ');
      const statement = this.#connection.prepare(
        `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`,
      );
      for (const row of rows) statement.run(...row);
    });
  }

  async finish({ revision, keyGeneration }: { revision: number; keyGeneration: number }): Promise<void> {
    this.#transaction(() => {
      this.#connection
        .prepare(
          `UPDATE revision_counter SET current = @revision, compacted = @revision,
           key_generation = max(key_generation, @keyGeneration) + 1 WHERE id = 1`,
        )
        .run({ revision, keyGeneration });
      this.#connection.prepare('DELETE FROM progress WHERE name = ?').run(RESTORE_MARK);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.close();
  }

  /** 0 for a table that is not there yet. */
  #number(table: string, expression: string): number {
    if (!hasTable(this.#connection, table)) return 0;
    const row = this.#connection.prepare(`SELECT ${expression} AS number FROM ${table}`).get();
    return (row as { number: number | null }).number ?? 0;
  }

  #transaction(body: () => void): void {
    translated(() => this.#connection.transaction(body).immediate());
  }
}
