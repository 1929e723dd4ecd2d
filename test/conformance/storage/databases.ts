import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { silentLogger } from '#api/machinery/logger';
import type { Store } from '#api/storage/contract';
import { openStore } from '#api/storage/open-store';
import type { OpenStoreOptions } from '#api/storage/open-store';

/** An empty database of its own; disposing removes it. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Opens a store on it; what is still open when the database goes is closed first. */
  open(options?: Partial<OpenStoreOptions>): Promise<Store>;
}

export const DRIVERS = ['sqlite', 'mysql'] as const;

export async function freshDatabase(driver: (typeof DRIVERS)[number]): Promise<TestDatabase> {
  const name = `troupe_${randomBytes(6).toString('hex')}`;
  const { url, remove } = driver === 'sqlite' ? sqliteFile(name) : await mysqlDatabase(name);
  const opened: Store[] = [];
  return {
    url,
    async open(options = {}) {
      const store = await openStore({ url, logger: silentLogger, ...options });
      opened.push(store);
      return store;
    },
    async [Symbol.asyncDispose]() {
      for (const store of opened) await store.close();
      await remove();
    },
  };
}

interface Made {
  url: string;
  remove(): Promise<void>;
}

function sqliteFile(name: string): Made {
  const folder = path.join(tmpdir(), name);
  return { url: `sqlite:${folder}/store.db`, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function mysqlDatabase(name: string): Promise<Made> {
  await administer(`CREATE DATABASE ${name}`);
  const url = new URL(serverURL());
  url.pathname = `/${name}`;
  return { url: url.href, remove: () => administer(`DROP DATABASE ${name}`) };
}

/** Runs one statement with the account that the environment gives; returns its rows. */
export async function administer<T>(statement: string): Promise<T> {
  const connection = await createConnection(serverURL());
  try {
    const [rows] = await connection.query(statement);
    return rows as T;
  } finally {
    connection.destroy();
  }
}

function serverURL(): string {
  const url = process.env['TROUPE_TEST_DATABASE_URL'];
  if (url === undefined) throw new Error('TROUPE_TEST_DATABASE_URL is not set; test/engines.ts sets it');
  return url;
}
