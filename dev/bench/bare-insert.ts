import path from 'node:path';
import Database from 'better-sqlite3';
import mysql from 'mysql2/promise';
import { temporaryFolder } from '../environment/temporary-folder.ts';
import type { BenchDatabase } from './database.ts';
import { load } from './load.ts';
import type { Load } from './load.ts';

export interface BareInsertOptions {
  database: BenchDatabase;
  count: number;
  concurrency: number;
  /** What each row holds. */
  body: string;
}

/** What the database itself takes to insert rows of that size, one transaction each. */
export function bareInsert(options: BareInsertOptions): Promise<Load> {
  const { url } = options.database;
  return url === undefined ? sqliteInsert(options) : mysqlInsert(options, url);
}

async function sqliteInsert({ count, body }: BareInsertOptions): Promise<Load> {
  await using folder = await temporaryFolder('bare');
  const database = new Database(path.join(folder.path, 'bare.db'));
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = NORMAL');
  database.exec('CREATE TABLE bare (id INTEGER PRIMARY KEY, name TEXT UNIQUE, body TEXT)');
  const insert = database.prepare('INSERT INTO bare (name, body) VALUES (?, ?)');
  const result = await load({ count, concurrency: 1, call: async (index) => insert.run(`n${index}`, body) });
  database.close();
  return result;
}

async function mysqlInsert(options: BareInsertOptions, url: string): Promise<Load> {
  const { count, concurrency, body } = options;
  const pool = mysql.createPool({ uri: url, connectionLimit: concurrency });
  try {
    await pool.query('DROP TABLE IF EXISTS bench_bare');
    await pool.query(
      'CREATE TABLE bench_bare (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(64) UNIQUE, body TEXT)',
    );
    return await load({
      count,
      concurrency,
      call: (index) => pool.execute('INSERT INTO bench_bare (name, body) VALUES (?, ?)', [`n${index}`, body]),
    });
  } finally {
    await pool.query('DROP TABLE IF EXISTS bench_bare');
    await pool.end();
  }
}
