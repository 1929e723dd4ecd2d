import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createConnection } from 'mysql2/promise';
import { silentLogger } from '#api/machinery/logger';
import { openStore } from '#api/storage/open-store';
import type { OpenStoreOptions } from '#api/storage/open-store';
import type { EncryptionAdministration } from '#api/storage/contract/administration';
import type { Store } from '#api/storage/contract/store';
import { SERVER_VARIABLES } from '#dev/environment/databases/database-program';
import type { DatabaseFlavour } from '#dev/environment/databases/database-program';
import { madeDatabases } from '../../kit/held-resources.ts';
import { TASKS } from './objects.ts';
import { rootKeysInMemory } from './root-keys.ts';

/** For a store over a driver that no encryption is put around. */
export const unencrypted: EncryptionAdministration = {
  rotate: () => Promise.reject(new Error('nothing is encrypted')),
  status: () => Promise.reject(new Error('nothing is encrypted')),
};

/** An empty database of its own; disposing removes it. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Opens a store on it; what is still open when the database goes is closed first. */
  open(options?: Partial<OpenStoreOptions>): Promise<Store>;
}

/** Servers that several replicas may share. */
export const SERVERS = ['mariadb', 'mysql'] as const;
export const DRIVERS = ['sqlite', ...SERVERS] as const;
/** What holds for a store holds for one whose Tasks are encrypted. */
export const STORES = [...DRIVERS, 'encrypted sqlite', 'encrypted mariadb'] as const;

export async function freshDatabase(flavour: (typeof STORES)[number]): Promise<TestDatabase> {
  const driver = flavour.replace('encrypted ', '') as (typeof DRIVERS)[number];
  const encryption = { resources: new Set([TASKS]), rootKeys: rootKeysInMemory() };
  const usual = driver === flavour ? {} : { encryption };
  const name = `troupe_${randomBytes(6).toString('hex')}`;
  const { url, remove } = driver === 'sqlite' ? sqliteFile(name) : await serverDatabase(driver, name);
  const opened: Store[] = [];
  return {
    url,
    async open(options = {}) {
      const store = await openStore({ url, logger: silentLogger, ...usual, ...options });
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

async function serverDatabase(flavour: DatabaseFlavour, name: string): Promise<Made> {
  const server = serverURL(flavour);
  await administer(server, `CREATE DATABASE ${name}`);
  madeDatabases.add(name);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async remove() {
      await administer(server, `DROP DATABASE ${name}`);
      madeDatabases.delete(name);
    },
  };
}

/** Runs one statement on the server of the URL, with the account in it; returns its rows. */
export async function administer<T>(url: string, statement: string): Promise<T> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(statement);
    return rows as T;
  } finally {
    connection.destroy();
  }
}

function serverURL(flavour: DatabaseFlavour): string {
  const variable = SERVER_VARIABLES[flavour];
  const url = process.env[variable];
  if (url === undefined) throw new Error(`${variable} is not set; the set-up of the project sets it`);
  return url;
}
