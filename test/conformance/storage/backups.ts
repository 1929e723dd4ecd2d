import { gunzipSync, gzipSync } from 'node:zlib';
import { createConnection } from 'mysql2/promise';
import Database from 'better-sqlite3';
import { restoreBackup } from '#api/storage/backup/restore-backup';
import type { Restored, RestoreOptions } from '#api/storage/backup/restore-backup';
import type { Store } from '#api/storage/contract/store';
import type { TestDatabase } from './databases.ts';

export async function backupOf(store: Store): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of store.backup(new AbortController().signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

export function restore(
  backup: Buffer,
  database: TestDatabase,
  options: Partial<RestoreOptions> = {},
): Promise<Restored> {
  return restoreBackup({ read: () => bytesOf(backup), url: database.url, now: Date.now(), ...options });
}

export async function* bytesOf(buffer: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < buffer.length; at += 16 * 1024) yield buffer.subarray(at, at + 16 * 1024);
}

export const linesOf = (backup: Buffer): string[] => gunzipSync(backup).toString().trimEnd().split('\n');

export const packed = (lines: readonly string[]): Buffer => gzipSync(`${lines.join('\n')}\n`);

/** Everything but the header and the trailer. */
export const rowsOf = (backup: Buffer): string[] => linesOf(backup).slice(1, -1);

/** Runs statements on a database that no store has open. */
export async function execute(database: TestDatabase, statements: readonly string[]): Promise<unknown[][]> {
  if (database.url.startsWith('sqlite:')) {
    const connection = new Database(database.url.slice('sqlite:'.length));
    try {
      return statements.map((text) => {
        const statement = connection.prepare(text);
        if (statement.reader) return statement.all();
        statement.run();
        return [];
      });
    } finally {
      connection.close();
    }
  }
  const connection = await createConnection(database.url);
  try {
    const results: unknown[][] = [];
    for (const statement of statements) results.push((await connection.query(statement))[0] as unknown[]);
    return results;
  } finally {
    await connection.end();
  }
}
