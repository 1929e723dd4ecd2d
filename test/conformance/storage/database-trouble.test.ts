import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { Store } from '#api/storage/contract/store';
import { openMysql } from '#api/storage/mysql/open-mysql';
import type { MysqlLimits } from '#api/storage/mysql/connections';
import { loadStore } from '#api/storage/store';
import { DEFAULT_STORE_OPTIONS } from '#api/storage/store-options';
import { noWakeUp } from '#api/storage/commits/wake-up';
import { databaseServer } from '#dev/environment/databases/database-server';
import type { DatabaseServer } from '#dev/environment/databases/database-server';
import { SERVERS, administer, unencrypted } from './databases.ts';
import { TASKS, collect, create, taskKey, update, valueOf } from './objects.ts';

/** So that what has to be waited for is over soon. */
const IMPATIENT: MysqlLimits = { patienceMs: 400, statementTimeoutMs: 600 };
const AWAY = { name: 'StorageError', code: 'Unavailable' };

/** A client that comes again as long as it is told to; what is told so was not done. */
async function onceBack<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: string }).code !== AWAY.code) throw error;
    }
  }
}

describe.each(SERVERS)('trouble with %s', (flavour) => {
  let server: DatabaseServer;
  let stores: Store[];

  beforeAll(async () => {
    server = await databaseServer({ flavour, durable: true });
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    stores = [];
    await administer(server.url, 'DROP DATABASE troupe');
    await administer(server.url.replace(/\w+$/, 'mysql'), 'CREATE DATABASE troupe');
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
  });

  async function open(limits: MysqlLimits = {}): Promise<Store> {
    const parts = { wakeUp: noWakeUp, logger: silentLogger, clock: systemClock };
    const driver = await openMysql(server.url, limits);
    const store = await loadStore({
      encryption: unencrypted,
      driver,
      ...parts,
      options: DEFAULT_STORE_OPTIONS,
    });
    stores.push(store);
    return store;
  }

  /** Writes and reads until told to stop. Whatever fails must fail as a database that is away does. */
  function traffic(store: Store): { acknowledged: string[]; failures: string[]; stop(): Promise<void> } {
    const acknowledged: string[] = [];
    const failures: string[] = [];
    const end = new AbortController();
    const work = [0, 1, 2, 3].map(async (writer) => {
      for (let i = 0; !end.signal.aborted; i++) {
        const key = taskKey(`w${writer}-${i}`);
        try {
          await create(store, key, i);
          acknowledged.push(key.name);
          if (valueOf(await store.get(key)) !== i) failures.push(`${key.name} is not read`);
        } catch (error) {
          failures.push((error as { code?: string }).code ?? String(error));
        }
      }
    });
    const stop = async (): Promise<void> => {
      end.abort();
      await Promise.all(work);
    };
    return { acknowledged, failures, stop };
  }

  const grown = async (list: readonly unknown[], by: number): Promise<void> => {
    const goal = list.length + by;
    while (list.length < goal) await new Promise(setImmediate);
  };

  it.each(['kill', 'stop'] as const)(
    '%s and start in the middle of traffic: no write is lost or doubled, requests wait, the watch goes on',
    async (how) => {
      const store = await open({ patienceMs: 30_000 });
      const watched: number[] = [];
      const end = new AbortController();
      const watching = (async () => {
        for await (const batch of store.watch({ resource: TASKS, after: 0, signal: end.signal })) {
          watched.push(...batch.map(({ revision }) => revision));
        }
      })();
      const { acknowledged, failures, stop } = traffic(store);
      await grown(acknowledged, 20);
      await server[how]();
      await server.start();
      await grown(acknowledged, 20);
      await stop();
      expect(failures, 'each write was found out about, each read waited').toEqual([]);
      const { items, revision } = await store.list({ resource: TASKS });
      const names = items.map(({ key }) => key.name);
      expect(names.toSorted()).toEqual(acknowledged.toSorted());
      while (watched.length < revision) await new Promise(setImmediate);
      end.abort();
      await watching;
      expect(watched).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
    },
  );

  it('an outage fails requests after a little while, not watches, and is over by itself', async () => {
    const store = await open(IMPATIENT);
    const created = await create(store, taskKey('a'), 1);
    const watching = collect(store, { after: created.revision, count: 1 });
    await server.kill();
    await expect(store.get(taskKey('a'))).rejects.toMatchObject(AWAY);
    await expect(update(store, created, 2)).rejects.toMatchObject(AWAY);
    await expect(store.check()).rejects.toMatchObject(AWAY);
    const listed = await store.list({ resource: TASKS, minRevision: 0 });
    expect(listed.items, 'what memory has is served').toHaveLength(1);
    await server.start();
    await onceBack(() => update(store, created, 3));
    expect((await watching).map(({ object }) => valueOf(object))).toEqual([3]);
  });

  it('a server that hangs fails requests in time; when it goes on, so do they', async () => {
    const store = await open(IMPATIENT);
    const created = await create(store, taskKey('a'), 1);
    server.pause();
    // A thread on another core may answer a little longer.
    while ((await store.get(taskKey('a')).catch(() => 'hangs')) !== 'hangs');
    const asked = await Promise.allSettled([
      ...Array.from({ length: 50 }, () => store.get(taskKey('a'))),
      update(store, created, 2),
      store.check(),
    ]);
    server.resume();
    for (const result of asked) {
      expect(result).toMatchObject({ status: 'rejected', reason: { name: 'StorageError' } });
    }
    const current = await onceBack(() => store.get(taskKey('a')));
    await onceBack(() => update(store, current ?? created, 3));
    expect(valueOf(await onceBack(() => store.get(taskKey('a'))))).toBe(3);
  });

  it('a lock that another holds for too long fails the write, which was not done', async () => {
    const store = await open({ patienceMs: 1_000, lockWaitSeconds: 1 });
    const created = await create(store, taskKey('a'), 1);
    const holder = await createConnection(server.url);
    await holder.query('START TRANSACTION');
    await holder.query('SELECT current FROM revision_counter FOR UPDATE');
    // ER_LOCK_WAIT_TIMEOUT.
    await expect(update(store, created, 2)).rejects.toMatchObject({ ...AWAY, cause: { errno: 1205 } });
    const waiting = update(store, created, 3);
    await holder.query('ROLLBACK');
    expect((await waiting).revision, 'no number was used up').toBe(created.revision + 1);
    holder.destroy();
  });

  it('a deadlock is resolved by running the transaction again', async () => {
    const store = await open();
    const created = await create(store, taskKey('a'), 1);
    const holder = await createConnection({ uri: server.url, multipleStatements: true });
    // The server rolls the lighter one back: this one has written more than a commit of one object does.
    await holder.query('CREATE TABLE ballast (id INT PRIMARY KEY)');
    await holder.query('START TRANSACTION');
    const rows = Array.from({ length: 500 }, (_, i) => `(${i})`).join();
    await holder.query(`INSERT INTO ballast VALUES ${rows}`);
    await holder.query(`SELECT * FROM objects WHERE name = 'a' FOR UPDATE`);
    const before = await deadlocks();
    const updating = update(store, created, 2);
    // The server shows the same for as long as it is asked again within a tenth of a second (INNODB_TRX is cached).
    while (!(await isWaiting())) await delay(150);
    await holder.query('SELECT current FROM revision_counter FOR UPDATE');
    await holder.query('COMMIT');
    expect((await updating).revision).toBe(created.revision + 1);
    expect(await deadlocks(), 'there was one').toBeGreaterThan(before);
    holder.destroy();
  });

  async function deadlocks(): Promise<number> {
    const [row] = await administer<{ n: string }[]>(
      server.url,
      `SELECT count AS n FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'`,
    );
    return Number(row?.n);
  }

  /** Whether a transaction waits for a lock. */
  async function isWaiting(): Promise<boolean> {
    const rows = await administer<unknown[]>(
      server.url,
      `SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'`,
    );
    return rows.length > 0;
  }

  it('a server that became read-only is not written to, nor believed, until it is a primary again', async () => {
    const store = await open(IMPATIENT);
    const created = await create(store, taskKey('a'), 1);
    const watching = collect(store, { after: created.revision, count: 1 });
    await administer(server.url, 'SET GLOBAL read_only = 1');
    try {
      // Our account has all rights: the server itself would let it write.
      await expect(update(store, created, 2)).rejects.toMatchObject(AWAY);
      await expect(store.get(taskKey('a'))).rejects.toMatchObject(AWAY);
      await expect(store.log.read({ taskUID: 'u', after: 0, limit: 1 })).rejects.toMatchObject(AWAY);
      await expect(store.check()).rejects.toMatchObject(AWAY);
    } finally {
      await administer(server.url, 'SET GLOBAL read_only = 0');
    }
    expect((await onceBack(() => update(store, created, 3))).revision).toBe(created.revision + 1);
    expect(await watching).toHaveLength(1);
  });

  it('a server with no room for a connection is asked again until it has', async () => {
    const store = await open({ patienceMs: 20_000 });
    const created = await create(store, taskKey('a'), 1);
    const [limit] = await administer<{ n: number }[]>(server.url, 'SELECT @@max_connections AS n');
    const first = await createConnection(server.url);
    const crowd = [first];
    // Ten is the least that MariaDB takes.
    await first.query('SET GLOBAL max_connections = 10');
    const others = async (): Promise<number[]> => {
      const [rows] = await first.query(
        `SELECT id AS id FROM information_schema.processlist WHERE db = 'troupe'`,
      );
      const own = new Set(crowd.map((connection) => connection.threadId));
      return (rows as { id: number }[]).map(({ id }) => id).filter((id) => !own.has(id));
    };
    // The store takes the room of what is killed again and again, until it is too late once.
    do {
      for (const id of await others()) await first.query(`KILL CONNECTION ${id}`).catch(() => undefined);
      await fillUp(crowd);
    } while ((await others()).length > 0);
    const asked = Promise.all([store.get(taskKey('a')), update(store, created, 2)]);
    await first.query(`SET GLOBAL max_connections = ${limit?.n ?? 300}`);
    expect(valueOf((await asked)[1])).toBe(2);
    for (const connection of crowd) connection.destroy();
  });

  /** Connects until the server has no room. */
  async function fillUp(crowd: Connection[]): Promise<void> {
    for (;;) {
      try {
        crowd.push(await createConnection(server.url));
      } catch (error) {
        expect(error).toMatchObject({ errno: 1040 });
        return;
      }
    }
  }
});
