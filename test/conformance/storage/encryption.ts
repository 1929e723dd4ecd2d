import { readFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import type { EncryptionStatus } from '#api/storage/contract/administration';
import type { Store } from '#api/storage/contract/store';
import { administer } from './databases.ts';
import type { TestDatabase } from './databases.ts';

const fileOf = (database: TestDatabase): string => database.url.slice('sqlite:'.length);
const isFile = (database: TestDatabase): boolean => database.url.startsWith('sqlite:');

/** Runs a statement on the database itself; SQLite's must have no open store. */
export async function run<T = object[]>(database: TestDatabase, statement: string): Promise<T> {
  if (!isFile(database)) return administer<T>(database.url, statement);
  const connection = new Database(fileOf(database));
  try {
    const prepared = connection.prepare(statement);
    return (prepared.reader ? prepared.all() : prepared.run()) as T;
  } finally {
    connection.close();
  }
}

/** Every row of every table, as text; SQLite's must have no open store. */
export async function dumpOf(database: TestDatabase): Promise<string> {
  const names = isFile(database)
    ? "SELECT name FROM sqlite_master WHERE type = 'table'"
    : 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()';
  const tables = await run<{ name: Buffer | string }[]>(database, names);
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await run(database, `SELECT * FROM ${String(name)}`);
    for (const row of rows) texts.push(`${String(name)} ${Object.values(row).map(String).join(' ')}`);
  }
  return texts.join('\n');
}

/** The files of SQLite with what is not rows any more; empty for a server. */
export async function rawBytesOf(database: TestDatabase): Promise<string> {
  if (!isFile(database)) return '';
  const parts = await Promise.all(
    [fileOf(database), `${fileOf(database)}-wal`].map((file) => readFile(file, 'latin1').catch(() => '')),
  );
  return parts.join('');
}

/** The status once everything is under one key. */
export async function settled(store: Store): Promise<EncryptionStatus> {
  for (;;) {
    const status = await store.encryption.status();
    if (status.rewriting.failure !== undefined) throw new Error(status.rewriting.failure);
    if (!status.rewriting.running && status.dataKeys.length === 1 && status.plainRows === 0) return status;
  }
}
