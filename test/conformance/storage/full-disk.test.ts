import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { StoredObject } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import type { Driver } from '#api/storage/driver/driver';
import { SqliteHistory } from '#api/storage/sqlite/sqlite-history';
import { SqliteEncryptionTables } from '#api/storage/sqlite/sqlite-encryption-tables';
import { SqliteRetention } from '#api/storage/sqlite/sqlite-retention';
import { SqliteRevisions } from '#api/storage/sqlite/sqlite-revisions';
import { SqliteTaskTables } from '#api/storage/sqlite/sqlite-task-tables';
import { DEFAULT_STORE_OPTIONS } from '#api/storage/store-options';
import { loadStore } from '#api/storage/store';
import { noWakeUp } from '#api/storage/commits/wake-up';
import { freshDatabase, unencrypted } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, remove, taskKey, valueOf } from './objects.ts';

const time = '2026-01-02T03:04:05.000006Z';
const big = 'x'.repeat(100_000);

/**
 * SQLite answers SQLITE_FULL when its file may not grow, as it does when the disk is full: `max_page_count` is a disk
 * that tests on any machine can fill and empty.
 */
describe('a full disk under SQLite', () => {
  let database: TestDatabase;
  let connection: Database.Database;
  let store: Store;
  const limitPages = (pages: number): unknown => connection.pragma(`max_page_count = ${pages}`);

  beforeEach(async () => {
    database = await freshDatabase('sqlite');
    await (await database.open()).close();
    connection = new Database(database.url.slice('sqlite:'.length));
    const driver: Driver = {
      revisions: new SqliteRevisions(connection),
      tasks: new SqliteTaskTables(connection),
      history: new SqliteHistory(connection),
      encryption: new SqliteEncryptionTables(connection),
      retention: new SqliteRetention(connection),
      shared: false,
      async check() {},
      dump: () => Promise.reject(new Error('nobody backs this up')),
      async close() {
        connection.close();
      },
    };
    const parts = { wakeUp: noWakeUp, logger: silentLogger, clock: systemClock };
    store = await loadStore({ encryption: unencrypted, driver, ...parts, options: DEFAULT_STORE_OPTIONS });
  });
  afterEach(async () => {
    await store.close();
    await database[Symbol.asyncDispose]();
  });

  /** Writes until nothing fits any more; returns what was acknowledged. */
  async function fillDisk(): Promise<StoredObject[]> {
    limitPages(300);
    const written: StoredObject[] = [];
    for (let i = 0; ; i++) {
      try {
        written.push(await create(store, taskKey(`big${i}`), big));
      } catch (error) {
        expect(error).toMatchObject({ name: 'StorageError', code: 'Full' });
        return written;
      }
    }
  }

  it('fails writes, loses nothing, serves reads and watches, and goes on when there is room', async () => {
    const written = await fillDisk();
    expect(written.length).toBeGreaterThan(0);
    const watching = collect(store, { after: written.length, count: 1 });
    const append = {
      source: 's',
      taskUID: 'u',
      events: [{ sourceSeq: 1, time, type: 'text' as const, data: { big } }],
    };
    await expect(store.log.append(append)).rejects.toMatchObject({ code: 'Full' });
    // Several at once: a batch is all or nothing.
    const failed = await Promise.allSettled([1, 2, 3].map((i) => create(store, taskKey(`more${i}`), big)));
    expect(failed.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    const listed = await store.list({ resource: TASKS });
    expect(listed).toMatchObject({ revision: written.length });
    expect(listed.items).toHaveLength(written.length);
    limitPages(1_000_000);
    expect((await create(store, taskKey('after'), 1)).revision).toBe(written.length + 1);
    expect(await watching).toHaveLength(1);
    expect(await store.log.append(append)).toEqual({ lastSeq: 1, lastSourceSeq: 1, lastSourceEventSeq: 1 });
  });

  it('has all of it after a restart', async () => {
    const written = await fillDisk();
    await store.close();
    store = await database.open();
    expect((await store.list({ resource: TASKS })).items).toHaveLength(written.length);
    const deleted = await remove(store, written[0] as StoredObject);
    expect(deleted.revision).toBe(written.length + 1);
    expect(valueOf(await store.get(taskKey('big0')))).toBeUndefined();
  });
});
