import { readFileSync } from 'node:fs';
import { is } from 'drizzle-orm';
import { getTableConfig as mysqlConfig, MySqlTable } from 'drizzle-orm/mysql-core';
import { getTableConfig as sqliteConfig, SQLiteTable } from 'drizzle-orm/sqlite-core';
import { describe, expect, it } from 'vitest';
import * as mysql from '../mysql/schema.ts';
import * as sqlite from '../sqlite/schema.ts';
import { BACKUP_TABLES, TABLES_WITHOUT_BACKUP } from './backup-tables.ts';

const mysqlTables = Object.values(mysql)
  .filter((value) => is(value, MySqlTable))
  .map((table) => mysqlConfig(table));
const sqliteTables = Object.values(sqlite)
  .filter((value) => is(value, SQLiteTable))
  .map((table) => sqliteConfig(table));

/** A table or column that is added must be in backups, or be known to be needed by nobody after a restore. */
describe.each([
  ['MySQL', mysqlTables],
  ['SQLite', sqliteTables],
])('the tables of %s', (_name, tables) => {
  it('are in backups with all their columns, or known not to be', () => {
    const columns = Object.fromEntries(
      tables.map((table) => [table.name, table.columns.map((column) => column.name)]),
    );
    const { objects, revision_counter: _counter, ...others } = columns;
    const saved = Object.entries(others).filter(([name]) => !TABLES_WITHOUT_BACKUP.includes(name as never));
    const { objects: savedObjects, ...expected } = BACKUP_TABLES;
    expect(Object.fromEntries(saved)).toEqual(expected);
    expect([...(objects ?? []), 'body']).toEqual(savedObjects);
  });
});

it('migrations have the same numbers in every database: a backup names the newest', () => {
  const tags = ['mysql', 'sqlite'].map((driver) => {
    const journal = new URL(`../${driver}/migrations/meta/_journal.json`, import.meta.url);
    const { entries } = JSON.parse(readFileSync(journal, 'utf8')) as {
      entries: { idx: number; tag: string }[];
    };
    return entries.map(({ idx, tag }) => `${idx} ${tag}`);
  });
  expect(tags[0]).toEqual(tags[1]);
});
