import { fork } from 'node:child_process';
import { once } from 'node:events';
import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { StoredObject } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import type { Driver } from '#api/storage/driver/driver';
import type { HistoryQuery } from '#api/storage/driver/revision-tables';
import { openMysql } from '#api/storage/mysql/open-mysql';
import { openSqlite } from '#api/storage/sqlite/open-sqlite';
import { DEFAULT_STORE_OPTIONS } from '#api/storage/store-options';
import { loadStore } from '#api/storage/store';
import { noWakeUp } from '#api/storage/commits/wake-up';
import { DRIVERS, SERVERS, administer, freshDatabase, unencrypted } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, eventText, remove, taskKey, update, valueOf } from './objects.ts';

const never = 3_600_000;
const keep = (minRevisions: number) => ({
  ringCapacity: 2,
  compaction: { everyMs: never, windowMs: 0, minRevisions },
});

let database: TestDatabase;

afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

describe.each(DRIVERS)('compaction on %s', (flavour) => {
  beforeEach(async () => {
    database = await freshDatabase(flavour);
  });

  it('leaves nothing behind when it is killed after it has said what goes', async () => {
    const store = await database.open({ options: keep(1) });
    await churn(store, 600);
    await store.close();
    const child = fork(new URL('compact-and-hang.ts', import.meta.url), [database.url, '500'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    expect((await once(child, 'message'))[0]).toBe(500);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    const again = await database.open({ options: keep(100) });
    await expect(collect(again, { after: 499, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
    expect(await collect(again, { after: 500, count: 100 })).toHaveLength(100);
    expect(await again.compact()).toBe(500);
    await again.close();
    // One state of each of 10 objects, at most, beside the history.
    expect(await logRows()).toBeLessThanOrEqual(100 + 10);
  });

  it('holds the log bounded under steady load, of changes and of new names', async () => {
    const store = await database.open({ options: keep(100) });
    for (let round = 0; round < 5; round++) {
      await churn(store, 200);
      const living = await Promise.all(
        Array.from({ length: 50 }, (_, i) => create(store, taskKey(`r${round}-${i}`), i)),
      );
      await Promise.all(living.map((item) => remove(store, item)));
      await store.compact();
      if (flavour !== 'sqlite') expect(await logRows()).toBeLessThanOrEqual(100 + 10);
    }
    await store.close();
    expect(await logRows()).toBeLessThanOrEqual(100 + 10);
  });

  it('takes one step over numbers that were left out', async () => {
    const driver = await openDriver();
    const store = await storeOn(driver);
    await churn(store, 20);
    await driver.revisions.bumpRevision(2_000_000_000);
    await store.close();
    const reopened = await openDriver();
    const after = await storeOn(reopened);
    const { revision, items } = await after.list({ resource: TASKS });
    expect(revision).toBe(2_001_000_000);
    expect(items).toHaveLength(10);
    await reopened.history.raiseCompacted(revision);
    const steps: string[] = [];
    while (steps.at(-1) !== 'done') steps.push(await reopened.history.dropHistory());
    expect(steps.length).toBeLessThanOrEqual(2);
    await churn(after, 20);
    await after.close();
    expect(await logRows()).toBeLessThanOrEqual(20 + 10);
  });

  it('never touches the newest revision, whatever is asked', async () => {
    const store = await database.open({ options: keep(0) });
    const item = await create(store, taskKey('a'), 1);
    await remove(store, item);
    expect(await store.compact()).toBe(1);
    await store.close();
    expect(await logRows(), 'and what it replaced, while its deletion is history').toBe(2);
    const driver = await openDriver();
    expect(await driver.history.raiseCompacted(99)).toBe(1);
    await driver.close();
  });
});

describe.each(SERVERS)('compaction by one replica on %s', (flavour) => {
  let a: Store;

  beforeEach(async () => {
    database = await freshDatabase(flavour);
    a = await database.open({ options: keep(60) });
  });

  it('between two pages of history ends the watch of another with Compacted; it lists anew and goes on', async () => {
    await churn(a, 1_000);
    const b = await storeOn(await pausing(() => a.compact()));
    expect(await seenUntilCompacted(b)).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    const { revision } = await b.list({ resource: TASKS });
    const later = collect(b, { after: revision, count: 5 });
    await churn(a, 5);
    expect((await later).map((event) => event.revision)).toEqual([1, 2, 3, 4, 5].map((i) => revision + i));
    await b.close();
  });

  it('within a page of history, between its rows and the compacted revision, hides nothing', async () => {
    await churn(a, 1_000);
    const driver = await openDriver();
    const { revisions } = driver;
    const b = await storeOn(driver);
    const revision = revisions.revision.bind(revisions);
    revisions.revision = async () => {
      const state = await revision();
      await a.compact();
      return state;
    };
    const seen = await seenUntilCompacted(b);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, i) => i + 1));
    revisions.revision = revision;
    await b.close();
  });

  it('does not break a watch above it, although that reads history out of the database', async () => {
    await churn(a, 1_000);
    const b = await storeOn(await pausing(() => a.compact()), 2);
    const after = 940;
    const events = await collect(b, { after, count: 60 });
    expect(events.map((event) => event.revision)).toEqual(
      Array.from({ length: 60 }, (_, i) => after + 1 + i),
    );
    expect(await a.compact()).toBe(after);
    await b.close();
  });

  it('gives readers of another the whole truth or Compacted, while both go on', async () => {
    const b = await database.open({ options: { ...keep(60), pastSnapshots: 1 } });
    const model = new Model();
    for (let i = 0; i < 10; i++) model.note(await create(a, taskKey(`t${i}`), 'new'));
    const over = new AbortController();
    let compacted = 0;
    const compacting = (async () => {
      while (!over.signal.aborted) compacted = await a.compact();
    })();
    const reading = Array.from({ length: 4 }, async (_, reader) => {
      const outcomes = { whole: 0, compacted: 0 };
      for (let i = reader; !over.signal.aborted; i += 4) {
        await readPast(b, model, { after: Math.max(model.revision - ((i * 37) % 90), 0), outcomes });
      }
      return outcomes;
    });
    for (let i = 0; i < 250; i++) {
      const current = model.current.get(`t${(i * 7) % 10}`);
      if (current !== undefined) model.note(await update(a, current, i));
    }
    over.abort();
    await compacting;
    const outcomes = await Promise.all(reading);
    expect(compacted).toBeGreaterThan(150);
    for (const kind of ['whole', 'compacted'] as const) {
      expect(
        outcomes.reduce((sum, outcome) => sum + outcome[kind], 0),
        kind,
      ).toBeGreaterThan(0);
    }
  });

  it('is not done twice by two at once, and leaves the commits alone', async () => {
    await churn(a, 2_000);
    const drivers = [await openDriver(), await openDriver()];
    await drivers[0]?.history.raiseCompacted(1_900);
    let batches = 0;
    const work = drivers.map(async ({ history }) => {
      for (;;) {
        const outcome = await history.dropHistory();
        if (outcome === 'done') return;
        if (outcome === 'more') batches += 1;
      }
    });
    await Promise.all([...work, churn(a, 50)]);
    // The row that says how far it got is made in one more.
    expect(batches).toBeLessThanOrEqual(Math.floor(1_900 / 500) + 2);
    expect(await logRows()).toBeLessThanOrEqual(2_050 - 1_900 + 10);
    for (const driver of drivers) await driver.close();
  });

  it('in the middle of a batch blocks no commit and no other compaction', async () => {
    await churn(a, 100);
    await a.compact();
    const batch = await createConnection({ uri: database.url, multipleStatements: true });
    try {
      await batch.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION');
      await batch.query("SELECT position FROM progress WHERE name = 'compaction' FOR UPDATE");
      await batch.query('DELETE FROM revisions WHERE revision BETWEEN 41 AND 50');
      await churn(a, 30);
      expect(await a.compact(), 'raised by others meanwhile').toBe(70);
      const driver = await openDriver();
      expect(await driver.history.dropHistory()).toBe('busy');
      await driver.close();
    } finally {
      batch.destroy();
    }
  });
});

/** The revisions that a watch from the beginning sends before it ends with Compacted. */
async function seenUntilCompacted(store: Store): Promise<number[]> {
  const seen: number[] = [];
  const { signal } = new AbortController();
  const watching = (async () => {
    for await (const batch of store.watch({ resource: TASKS, after: 0, signal })) {
      seen.push(...batch.map((event) => event.revision));
    }
  })();
  await expect(watching).rejects.toMatchObject({ code: 'Compacted' });
  return seen;
}

/** What the history is known to be. */
class Model {
  readonly current = new Map<string, StoredObject>();
  readonly #states: ReadonlyMap<string, unknown>[] = [new Map()];

  get revision(): number {
    return this.#states.length - 1;
  }

  note(written: StoredObject): void {
    expect(written.revision).toBe(this.revision + 1);
    this.current.set(written.key.name, written);
    this.#states.push(new Map(this.at(this.revision)).set(written.key.name, valueOf(written)));
  }

  at(revision: number): ReadonlyMap<string, unknown> {
    return this.#states[revision] ?? new Map();
  }
}

/** A list of then, and a watch from then to now, must be what was. */
async function readPast(
  store: Store,
  model: Model,
  { after, outcomes }: { after: number; outcomes: { whole: number; compacted: number } },
): Promise<void> {
  const upTo = model.revision;
  try {
    const { items } = await store.list({ resource: TASKS, exactRevision: after });
    expect(new Map(items.map((item) => [item.key.name, valueOf(item)]))).toEqual(model.at(after));
    const events = (await collect(store, { after, count: upTo - after })).slice(0, upTo - after);
    const state = new Map(model.at(after));
    for (const [i, event] of events.entries()) {
      expect(event.revision, eventText(event)).toBe(after + 1 + i);
      expect(valueOf(event.previous)).toEqual(state.get(event.object.key.name));
      state.set(event.object.key.name, valueOf(event.object));
      expect(state).toEqual(model.at(event.revision));
    }
    outcomes.whole += 1;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'Compacted')) throw error;
    outcomes.compacted += 1;
  }
}

/** So many revisions, of ten objects. */
async function churn(store: Store, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      const key = taskKey(`t${i}`);
      let current = await store.get(key);
      for (let done = i; done < count; done += 10) {
        current = current === undefined ? await create(store, key, done) : await update(store, current, done);
      }
    }),
  );
}

async function openDriver(): Promise<Driver> {
  const { url } = database;
  return url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : openMysql(url);
}

const storeOn = (driver: Driver, ringCapacity = 2): Promise<Store> =>
  loadStore({
    encryption: unencrypted,
    driver,
    wakeUp: noWakeUp,
    logger: silentLogger,
    clock: systemClock,
    options: {
      ...DEFAULT_STORE_OPTIONS,
      ringCapacity,
      compaction: { ...DEFAULT_STORE_OPTIONS.compaction, ...keep(1).compaction },
    },
  });

/** A driver that does something between the first page of history and the next. */
async function pausing(between: () => Promise<unknown>): Promise<Driver> {
  const driver = await openDriver();
  const { revisions } = driver;
  let pages = 0;
  const history = async (query: HistoryQuery) => {
    if (++pages === 2) await between();
    return revisions.history(query);
  };
  return {
    ...driver,
    revisions: {
      tail: (after, limit) => revisions.tail(after, limit),
      revision: () => revisions.revision(),
      snapshot: () => revisions.snapshot(),
      bumpRevision: (seen) => revisions.bumpRevision(seen),
      commit: (batch) => revisions.commit(batch),
      history,
    },
  };
}

/** Rows of the log; of SQLite only while no store is open. */
async function logRows(): Promise<number> {
  const count = 'SELECT COUNT(*) AS count FROM revisions';
  if (!database.url.startsWith('sqlite:')) {
    return (await administer<[{ count: number }]>(database.url, count))[0].count;
  }
  const connection = new Database(database.url.slice('sqlite:'.length));
  try {
    return (connection.prepare(count).get() as { count: number }).count;
  } finally {
    connection.close();
  }
}
