import type { Database, Statement } from 'better-sqlite3';
import { StorageError } from '../contract/storage-error.ts';
import { HEAD_LENGTH, SEALED_TABLES } from '../encryption/encryption-tables.ts';
import type {
  ColumnValue,
  EncryptionTables,
  KeyChange,
  KeyTable,
  NewestKey,
  Rewriting,
  ScanQuery,
  SealedRow,
  SealedTable,
  WrappedKey,
} from '../encryption/encryption-tables.ts';
import { valuesOf } from '../rows.ts';
import type { RawRow } from '../rows.ts';
import { translated } from './errors.ts';
import { inTransaction } from './in-transaction.ts';

/** Keys and encrypted texts in SQLite. Nobody else writes the file, so transactions are all the locking. */
export class SqliteEncryptionTables implements EncryptionTables {
  readonly #connection: Database;
  readonly #sql: ReturnType<typeof prepareStatements>;
  readonly #texts: Record<SealedTable, TextStatements>;
  readonly #checkKey: ReturnType<typeof prepareKeyCheck>;

  constructor(connection: Database) {
    this.#connection = connection;
    this.#sql = prepareStatements(connection);
    this.#texts = {
      revisions: prepareTextStatements(connection, 'revisions'),
      deleted_tasks: prepareTextStatements(connection, 'deleted_tasks'),
      task_events: prepareTextStatements(connection, 'task_events'),
      task_messages: prepareTextStatements(connection, 'task_messages'),
    };
    this.#checkKey = prepareKeyCheck(connection);
  }

  async keys(): Promise<KeyTable> {
    return this.#transaction(() => ({
      generation: this.#generation(),
      keys: this.#sql.keys.all() as WrappedKey[],
    }));
  }

  async changeKeys({ from, to, put, drop }: KeyChange): Promise<boolean> {
    return this.#transaction(() => {
      if (this.#generation() !== from) return false;
      for (const { id, rootKeyId, wrapped, createdAt } of put) {
        this.#sql.putKey.run(id, rootKeyId, wrapped, createdAt);
      }
      for (const id of drop) this.#sql.dropKey.run(id);
      if (to !== from) this.#sql.setGeneration.run(to);
      return true;
    });
  }

  async scan({ table, after, limit }: ScanQuery): Promise<SealedRow[]> {
    const { first, next } = this.#texts[table];
    const rows = translated(() => (after === undefined ? first.all(limit) : next.all(...after, limit)));
    const { place, owner } = SEALED_TABLES[table];
    return (rows as (RawRow & { head: string; size: number })[]).map((row) => ({
      place: valuesOf(row, place),
      owner: valuesOf(row, owner),
      head: row.head,
      size: row.size,
    }));
  }

  async rewrite({ table, places, key, rewrite }: Rewriting): Promise<number> {
    const { read, write } = this.#texts[table];
    return this.#transaction(() => {
      this.#checkKey(key);
      let count = 0;
      for (const place of places) {
        const row = read.get(...place) as (RawRow & { text: string }) | undefined;
        const text = row && rewrite(row.text, valuesOf(row, SEALED_TABLES[table].owner));
        if (text === undefined) continue;
        write.run(text, ...place);
        count++;
      }
      return count;
    });
  }

  async noteRemains(): Promise<void> {
    translated(() => this.#sql.noteRemains.run());
  }

  /** What was replaced stays in free pages and in the log of writes until both are made anew. */
  async removeRemains(): Promise<void> {
    translated(() => {
      if (this.#sql.remains.get() === undefined) return;
      this.#connection.exec('VACUUM');
      this.#connection.pragma('wal_checkpoint(TRUNCATE)');
      this.#sql.forgetRemains.run();
    });
  }

  #generation(): number {
    return (this.#sql.generation.get() as { generation: number }).generation;
  }

  #transaction<T>(body: () => T): T {
    return translated(() => inTransaction(this.#connection, { begin: this.#sql.begin, body }));
  }
}

/** To be called in the transaction that writes what was encrypted. */
export function prepareKeyCheck(db: Database): (key: NewestKey | undefined) => void {
  const find = db.prepare(
    `SELECT 1 FROM encryption_keys k JOIN revision_counter c ON c.id = 1
     WHERE k.id = ? AND c.key_generation = ?`,
  );
  return (key) => {
    if (key === undefined || find.get(key.id, key.generation) !== undefined) return;
    throw new StorageError('StaleKey', `${key.id} is not the newest data key`);
  };
}

function prepareStatements(db: Database) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    generation: db.prepare('SELECT key_generation AS generation FROM revision_counter WHERE id = 1'),
    setGeneration: db.prepare('UPDATE revision_counter SET key_generation = ? WHERE id = 1'),
    keys: db.prepare(
      'SELECT id, root_key_id AS rootKeyId, wrapped, created_at AS createdAt FROM encryption_keys ORDER BY id',
    ),
    putKey: db.prepare(
      'INSERT OR REPLACE INTO encryption_keys (id, root_key_id, wrapped, created_at) VALUES (?, ?, ?, ?)',
    ),
    dropKey: db.prepare('DELETE FROM encryption_keys WHERE id = ?'),
    remains: db.prepare("SELECT 1 FROM progress WHERE name = 'plain remains'"),
    noteRemains: db.prepare("INSERT OR REPLACE INTO progress (name, position) VALUES ('plain remains', 1)"),
    forgetRemains: db.prepare("DELETE FROM progress WHERE name = 'plain remains'"),
  };
}

interface TextStatements {
  first: Statement<ColumnValue[]>;
  next: Statement<ColumnValue[]>;
  read: Statement<ColumnValue[]>;
  write: Statement<ColumnValue[]>;
}

function prepareTextStatements(db: Database, table: SealedTable): TextStatements {
  const { place, owner, text } = SEALED_TABLES[table];
  const columns = [...new Set([...place, ...owner])].join(', ');
  const marks = place.map(() => '?').join(', ');
  const scan = (where: string) =>
    `SELECT ${columns}, substr(${text}, 1, ${HEAD_LENGTH}) AS head, octet_length(${text}) AS size
     FROM ${table} ${where} ORDER BY ${place.join(', ')} LIMIT ?`;
  const at = place.map((column) => `${column} = ?`).join(' AND ');
  return {
    first: db.prepare(scan('')),
    next: db.prepare(scan(`WHERE (${place.join(', ')}) > (${marks})`)),
    read: db.prepare(`SELECT ${columns}, ${text} AS text FROM ${table} WHERE ${at}`),
    write: db.prepare(`UPDATE ${table} SET ${text} = ? WHERE ${at}`),
  };
}
