import { fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { StorageError } from '#api/storage/contract/storage-error';
import type { Store } from '#api/storage/contract/store';
import type { Driver } from '#api/storage/driver/driver';
import { openMysql } from '#api/storage/mysql/open-mysql';
import { openSqlite } from '#api/storage/sqlite/open-sqlite';
import { DEFAULT_STORE_OPTIONS } from '#api/storage/store-options';
import { loadStore } from '#api/storage/store';
import { noWakeUp } from '#api/storage/commits/wake-up';
import { DRIVERS, SERVERS, administer, freshDatabase, unencrypted } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, taskKey, update, valueOf } from './objects.ts';

let database: TestDatabase;

afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(DRIVERS)('an answer that is lost on %s', (name) => {
  let driver: Driver;
  let faults: Faults;
  let store: Store;

  beforeEach(async () => {
    database = await freshDatabase(name);
    driver =
      name === 'sqlite' ? openSqlite(database.url.slice('sqlite:'.length)) : await openMysql(database.url);
    faults = { afterCommit: [], beforeCommit: [], tail: [] };
    store = await loadStore({
      encryption: unencrypted,
      driver: withFaults(driver, faults),
      wakeUp: noWakeUp,
      logger: silentLogger,
      clock: systemClock,
      options: DEFAULT_STORE_OPTIONS,
    });
  });
  afterEach(async () => {
    await store.close();
  });

  it('fails the writers, and what was committed is seen by reads, watches and later writes', async () => {
    const watching = collect(store, { after: 0, count: 3 });
    faults.afterCommit.push(new StorageError('Unavailable', 'the answer was lost'));
    const lost = await Promise.allSettled([create(store, taskKey('a'), 1), create(store, taskKey('b'), 2)]);
    expect(lost.map((result) => result.status)).toEqual(['rejected', 'rejected']);
    // Seen without another write, too.
    expect((await store.list({ resource: TASKS, minRevision: 2 })).items).toHaveLength(2);
    await create(store, taskKey('c'), 3);
    expect((await watching).map((event) => event.revision)).toEqual([1, 2, 3]);
    expect(valueOf(await store.get(taskKey('a')))).toBe(1);
    await expect(create(store, taskKey('a'))).rejects.toMatchObject({ code: 'Exists' });
  });

  it('and cannot be looked up at once is looked up by the next read', async () => {
    faults.afterCommit.push(new StorageError('Unavailable', 'the answer was lost'));
    faults.tail.push(new StorageError('Unavailable', 'the database is still away'));
    await expect(create(store, taskKey('a'), 1)).rejects.toMatchObject({ code: 'Unavailable' });
    const read = await store.get(taskKey('a'));
    expect(valueOf(read)).toBe(1);
    expect((await store.list({ resource: TASKS })).revision).toBe(1);
  });

  it('of a transaction that did not happen leaves no trace and no gap', async () => {
    faults.beforeCommit.push(new StorageError('Full', 'no space'));
    await expect(create(store, taskKey('a'), 1)).rejects.toMatchObject({ code: 'Full' });
    expect((await create(store, taskKey('b'), 2)).revision).toBe(1);
    expect(await store.get(taskKey('a'))).toBeUndefined();
  });
});

interface Faults {
  beforeCommit: StorageError[];
  afterCommit: StorageError[];
  tail: StorageError[];
}

/** The real driver; each queued fault hits one call. */
function withFaults(driver: Driver, faults: Faults): Driver {
  const { revisions } = driver;
  return {
    ...driver,
    revisions: {
      async tail(after, limit) {
        const fault = faults.tail.shift();
        if (fault !== undefined) throw fault;
        return revisions.tail(after, limit);
      },
      history: (query) => revisions.history(query),
      revision: () => revisions.revision(),
      snapshot: () => revisions.snapshot(),
      bumpRevision: (seen) => revisions.bumpRevision(seen),
      async commit(batch) {
        const before = faults.beforeCommit.shift();
        if (before !== undefined) throw before;
        const outcomes = await revisions.commit(batch);
        const after = faults.afterCommit.shift();
        if (after !== undefined) throw after;
        return outcomes;
      },
    },
  };
}

describe.each(SERVERS)('connections to %s that are killed', (flavour) => {
  it('lose no acknowledged write, repeat none and leave no gap', async () => {
    database = await freshDatabase(flavour);
    const store = await database.open();
    const acknowledged: string[] = [];
    const stop = new AbortController();
    const writers = Array.from({ length: 8 }, async (_, w) => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const key = taskKey(`w${w}-${i}`);
        try {
          await create(store, key, i);
          acknowledged.push(key.name);
        } catch (error) {
          expect(error).toMatchObject({ name: 'StorageError', code: 'Unavailable' });
        }
      }
    });
    for (let round = 0; round < 15; round++) {
      const goal = acknowledged.length + 20;
      while (acknowledged.length < goal) await new Promise(setImmediate);
      await killConnections(database.url);
    }
    stop.abort();
    await Promise.all(writers);
    const { revision, items } = await store.list({ resource: TASKS });
    const names = new Set(items.map((item) => item.key.name));
    expect(acknowledged.filter((key) => !names.has(key))).toEqual([]);
    const events = await collect(store, { after: 0, count: revision });
    expect(events.map((event) => event.revision)).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
    expect(events).toHaveLength(items.length);
    await store.check();
  });

  it('in the pool do not fail appends and reads, which may be repeated', async () => {
    database = await freshDatabase(flavour);
    const store = await database.open();
    const time = '2026-01-02T03:04:05.000006Z';
    for (let sourceSeq = 1; sourceSeq <= 10; sourceSeq++) {
      await store.log.append({
        source: 's',
        taskUID: 'u',
        events: [{ sourceSeq, time, type: 'text', data: {} }],
      });
      await killConnections(database.url);
    }
    expect(await store.log.read({ taskUID: 'u', after: 0, limit: 100 })).toHaveLength(10);
  });
});

async function killConnections(url: string): Promise<void> {
  const rows = await administer<{ id: number }[]>(
    url,
    `SELECT id AS id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
  );
  for (const row of rows) {
    // It may have gone by itself meanwhile.
    await administer(url, `KILL CONNECTION ${row.id}`).catch(() => undefined);
  }
}

describe.each(SERVERS)('a replica on %s that was away for longer than the history', (flavour) => {
  it('starts anew from the current state and tells its watchers to list', async () => {
    database = await freshDatabase(flavour);
    const never = 3_600_000;
    const away = await database.open({ options: { pollMs: never } });
    const busy = await database.open({
      options: { compaction: { everyMs: never, windowMs: 0, minRevisions: 1 } },
    });
    const watching = collect(away, { after: 0, count: 100 });
    watching.catch(() => undefined);
    let current = await create(busy, taskKey('a'), 0);
    for (let i = 1; i <= 10; i++) current = await update(busy, current, i);
    await busy.compact();
    expect(valueOf(await away.get(taskKey('a')))).toBe(10);
    await expect(watching).rejects.toMatchObject({ code: 'Compacted' });
    expect((await update(away, current, 11)).revision).toBe(12);
    expect((await collect(away, { after: 11, count: 1 })).map((event) => event.revision)).toEqual([12]);
  });
});

describe('a process that is killed while it writes', () => {
  it('has lost nothing that it acknowledged, and its lock goes with it', async () => {
    database = await freshDatabase('sqlite');
    const child = fork(new URL('write-forever.ts', import.meta.url), [database.url], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const acknowledged: string[] = [];
    try {
      child.on('message', (name: string) => acknowledged.push(name));
      while (acknowledged.length < 200) await once(child, 'message');
      await expect(database.open()).rejects.toMatchObject({
        code: 'Unavailable',
        message: /another process/,
      });
    } finally {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    const store = await database.open();
    const { revision, items } = await store.list({ resource: TASKS });
    const names = new Set(items.map((item) => item.key.name));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    const events = await collect(store, { after: 0, count: revision });
    expect(events.map((event) => event.revision)).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
  });
});
