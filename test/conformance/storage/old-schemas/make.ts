import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import { silentLogger } from '#api/machinery/logger';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';
import { fillOld, stateOf, STORE_OPTIONS } from './content.ts';

/**
 * Writes the dump of the schema as it is now, with data, for the time when it is an old one. To be run before a
 * migration is added:
 *
 *   node test/conformance/storage/old-schemas/make.ts mysql://USER:PASSWORD@HOST:PORT/EMPTY_DATABASE
 */
const mysqlURL = process.argv[2] ?? '';
const migrations = new URL('../../../../api/storage/sqlite/migrations/meta/_journal.json', import.meta.url);
const { entries } = JSON.parse(await readFile(migrations, 'utf8')) as { entries: { tag: string }[] };
const folder = new URL(`${entries.at(-1)?.tag}/`, import.meta.url);
await mkdir(folder, { recursive: true });

async function fill(url: string): Promise<string> {
  const store: Store = await openStore({ url, logger: silentLogger, options: STORE_OPTIONS });
  try {
    await fillOld(store);
    return `${JSON.stringify(await stateOf(store), null, 2)}\n`;
  } finally {
    await store.close();
  }
}

type Row = Record<string, Buffer | bigint | number | string | null>;

/** Texts are UTF-8 in hexadecimal digits: no database reads anything into them. */
function insert(table: string, rows: readonly Row[], literal: (bytes: Buffer) => string): string[] {
  return rows.map((row) => {
    const values = Object.values(row).map((value) => {
      if (value === null) return 'NULL';
      if (typeof value === 'number' || typeof value === 'bigint') return String(value);
      return literal(Buffer.from(value as string));
    });
    return `INSERT INTO ${table} (${Object.keys(row).join(', ')}) VALUES (${values.join(', ')})`;
  });
}

function dumpSqlite(file: string): string[] {
  using connection = Object.assign(new Database(file), {
    [Symbol.dispose](this: { close(): void }) {
      this.close();
    },
  });
  const made = connection
    .prepare("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")
    .all() as { type: string; name: string; sql: string }[];
  const rows = made
    .filter(({ type }) => type === 'table')
    .flatMap(({ name }) =>
      insert(
        name,
        connection.prepare(`SELECT * FROM ${name}`).all() as Row[],
        (bytes) => `CAST(x'${bytes.toString('hex')}' AS TEXT)`,
      ),
    );
  return [...made.map(({ sql }) => sql), ...rows];
}

/** What one vendor says of character sets another may not know; names and texts are bytes in our tables. */
const VENDOR = /\) ENGINE=InnoDB.*$/s;

async function dumpMysql(url: string): Promise<string[]> {
  const connection = await createConnection(url);
  try {
    const [tables] = (await connection.query('SHOW TABLES')) as [Row[], unknown];
    const statements: string[] = [];
    for (const name of tables.map((row) => String(Object.values(row)[0]))) {
      const [[shown]] = (await connection.query(`SHOW CREATE TABLE ${name}`)) as [[Row], unknown];
      statements.push(String(shown['Create Table']).replace(VENDOR, ')'));
      const [rows] = (await connection.query(`SELECT * FROM ${name}`)) as [Row[], unknown];
      statements.push(
        ...insert(name, rows, (bytes) => (bytes.length === 0 ? "''" : `x'${bytes.toString('hex')}'`)),
      );
    }
    return statements;
  } finally {
    await connection.end();
  }
}

const text = (statements: readonly string[]): string => `${statements.join(';\n\n')};\n`;

const scratch = path.join(tmpdir(), `troupe-old-schema-${process.pid}`);
await mkdir(scratch);
try {
  const file = path.join(scratch, 'store.db');
  const states = [await fill(`sqlite:${file}`), await fill(mysqlURL)];
  if (states[0] !== states[1]) throw new Error('the two databases differ');
  await writeFile(new URL('expected.json', folder), states[0] ?? '');
  await writeFile(new URL('sqlite.sql', folder), text(dumpSqlite(file)));
  await writeFile(new URL('mysql.sql', folder), text(await dumpMysql(mysqlURL)));
} finally {
  await rm(scratch, { recursive: true });
}
