import { readdirSync, rmSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Database as Connection } from 'better-sqlite3';
import { dumpStatement } from '../backup/backup-tables.ts';
import type { BackupRow, BackupTable, Dump } from '../backup/backup-tables.ts';
import { StorageError } from '../contract/storage-error.ts';
import { translateSqliteError } from './errors.ts';

/** Rows between two turns for requests. */
const ROWS_PER_TURN = 100;

/**
 * The server has the file for itself and its one connection is for commits, so what is dumped is a copy. SQLite makes
 * it a few pages at a time and keeps it right while the same connection writes.
 */
export class SqliteDumps {
  readonly #connection: Connection;
  readonly #file: string;
  readonly #open = new Set<SqliteDump>();
  #copying: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(connection: Connection, file: string) {
    this.#connection = connection;
    this.#file = file;
  }

  async dump(signal: AbortSignal): Promise<Dump> {
    const copying = this.#copy(signal);
    this.#copying = copying.catch(() => undefined);
    const dump = await copying;
    this.#open.add(dump);
    return dump;
  }

  /** Ends what is under way and removes the copies. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#copying;
    for (const dump of this.#open) await dump[Symbol.asyncDispose]();
  }

  async #copy(signal: AbortSignal): Promise<SqliteDump> {
    await using stack = new AsyncDisposableStack();
    try {
      // Secrets are in it: the folder is for its owner alone.
      const prefix = this.#file === ':memory:' ? path.join(tmpdir(), 'troupe') : path.resolve(this.#file);
      const folder = await mkdtemp(prefix + COPY);
      stack.defer(() => rm(folder, { recursive: true, force: true }));
      const copy = path.join(folder, 'copy.db');
      await this.#copyTo(copy, signal);
      const reader = new Database(copy, { readonly: true });
      stack.defer(() => void reader.close());
      const counter = reader
        .prepare('SELECT current AS revision, key_generation AS keyGeneration FROM revision_counter')
        .get() as Pick<Dump, 'keyGeneration' | 'revision'>;
      const owned = stack.move();
      const close = async (): Promise<void> => {
        this.#open.delete(dump);
        await owned.disposeAsync();
      };
      const dump = new SqliteDump(reader, counter, close);
      return dump;
    } catch (error) {
      throw translateSqliteError(error);
    }
  }

  async #copyTo(copy: string, signal: AbortSignal): Promise<void> {
    await using file = await open(copy, 'wx', 0o600);
    let syncing: Promise<void> | undefined;
    const progress = (): number => {
      signal.throwIfAborted();
      if (this.#closed) throw new StorageError('Closed', 'the store is closed');
      // SQLite syncs the copy at its end, and everybody waits for that: most of it is to be on disk by then.
      syncing ??= file
        .datasync()
        .catch(() => undefined) // SQLite tells it better
        .finally(() => {
          syncing = undefined;
        });
      return PAGES_PER_STEP;
    };
    try {
      await this.#connection.backup(copy, { progress });
    } finally {
      await syncing;
    }
  }
}

/** A few hundred kilobytes: a millisecond. */
const PAGES_PER_STEP = 100;
const COPY = '.backup-';

/** Removes what a killed server left. To be called by whoever has the lock of the database. */
export function removeLeftCopies(file: string): void {
  const folder = path.dirname(path.resolve(file));
  const prefix = path.basename(file) + COPY;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix)) rmSync(path.join(folder, name), { recursive: true, force: true });
  }
}

class SqliteDump implements Dump {
  readonly revision: number;
  readonly keyGeneration: number;
  readonly #reader: Connection;
  readonly #close: () => Promise<void>;

  constructor(
    reader: Connection,
    { revision, keyGeneration }: Pick<Dump, 'keyGeneration' | 'revision'>,
    close: () => Promise<void>,
  ) {
    this.#reader = reader;
    this.revision = revision;
    this.keyGeneration = keyGeneration;
    this.#close = close;
  }

  async *rows(table: BackupTable): AsyncGenerator<BackupRow> {
    try {
      let count = 0;
      for (const row of this.#reader.prepare(dumpStatement(table)).raw().iterate()) {
        yield row as BackupRow;
        if (++count % ROWS_PER_TURN === 0) await turn();
      }
    } catch (error) {
      throw translateSqliteError(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
