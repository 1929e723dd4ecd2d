import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from './open-sqlite.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-sqlite-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('openSqlite', () => {
  it('makes folders and file, and lets only one have the file', async () => {
    const file = path.join(folder, 'deep', 'store.db');
    const first = openSqlite(file);
    expect(() => openSqlite(file)).toThrow('only one may serve it');
    await first.close();
    await openSqlite(file).close();
  });

  it('makes files that only their owner can read, wherever they are', async () => {
    chmodSync(folder, 0o755);
    const file = path.join(folder, 'store.db');
    const driver = openSqlite(file);
    const modes = readdirSync(folder).map((name) => [name, statSync(path.join(folder, name)).mode & 0o777]);
    await driver.close();
    expect(modes).toEqual([
      ['store.db', 0o600],
      ['store.db-wal', 0o600],
    ]);
  });

  it('refuses a database that a newer program has migrated', async () => {
    const file = path.join(folder, 'store.db');
    await openSqlite(file).close();
    const raw = new Database(file);
    raw.prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 99999999999999)").run();
    raw.close();
    expect(() => openSqlite(file)).toThrow('newer version');
  });

  it('says that a file is no database', () => {
    const file = path.join(folder, 'store.db');
    writeFileSync(file, 'this is a text and not a database, long enough to be looked at '.repeat(20));
    expect(() => openSqlite(file)).toThrow('not a database');
  });
});
