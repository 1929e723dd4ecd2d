import path from 'node:path';
import Database from 'better-sqlite3';
import mysql from 'mysql2/promise';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { CLIENTS } from '../load/clients.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { sampleGhost } from '../load/sample-object.ts';
import type { BenchDatabase } from './database.ts';

const ROWS = 4_096;
/** Rows of a commit: alone, and as many as clients, which is the most that requests of one turn can share. */
const BATCHES = [1, CLIENTS];

/** Commits the rows of one batch, given their numbers. */
type Insert = (rows: readonly number[]) => Promise<unknown>;

/**
 * The time that the database itself takes to insert rows of that size, as durably as ours: SQLite with
 * synchronous=FULL, MySQL as its server is set up. SQLite commits one after the other; MySQL has as many connections as
 * there are clients and may share one flush between their commits.
 */
export async function measureBareInserts(database: BenchDatabase): Promise<Figure[]> {
  await using table = database.url === undefined ? await sqliteTable() : await mysqlTable(database.url);
  const figures: Figure[] = [];
  for (const batch of BATCHES) {
    const first = figures.length * ROWS;
    const { perSecond, p50Ms, p99Ms } = await load({
      count: ROWS / batch,
      concurrency: table.concurrency,
      call: (index) => table.insert(Array.from({ length: batch }, (_, i) => first + index * batch + i)),
    });
    const commits = batch === 1 ? 'a commit each' : `${batch} a commit`;
    figures.push({
      name: `bare insert, ${commits}`,
      on: database.name,
      value: rate(perSecond * batch),
      p50Ms,
      p99Ms,
    });
  }
  return figures;
}

interface Table extends AsyncDisposable {
  insert: Insert;
  concurrency: number;
}

const BODY = JSON.stringify(sampleGhost('floor'));

async function sqliteTable(): Promise<Table> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('bare'));
  const database = stack.adopt(new Database(path.join(folder.path, 'bare.db')), (open) => void open.close());
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE bare (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT)');
  const insert = database.prepare('INSERT INTO bare (name, body) VALUES (?, ?)');
  const commit = database.transaction((rows: readonly number[]) => {
    for (const row of rows) insert.run(`n${row}`, BODY);
  });
  const owned = stack.move();
  return {
    insert: async (rows) => commit(rows),
    concurrency: 1,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function mysqlTable(url: string): Promise<Table> {
  const pool = mysql.createPool({ uri: url, connectionLimit: CLIENTS });
  await pool.query('DROP TABLE IF EXISTS bench_bare');
  await pool.query(
    'CREATE TABLE bench_bare (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(64) UNIQUE, body TEXT)',
  );
  return {
    insert: (rows) =>
      pool.query('INSERT INTO bench_bare (name, body) VALUES ?', [rows.map((row) => [`n${row}`, BODY])]),
    concurrency: CLIENTS,
    async [Symbol.asyncDispose]() {
      await pool.query('DROP TABLE IF EXISTS bench_bare');
      await pool.end();
    },
  };
}
