import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, eventText, remove, taskKey, update, valueOf } from './objects.ts';

/** Keeps the newest `minRevisions`; the time window is 0. */
const keep = (minRevisions: number) => ({
  options: { ringCapacity: 2, compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions } },
});

describe.each(STORES)('compaction on %s', (driver) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await freshDatabase(driver);
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('keeps the window, whatever was written', async () => {
    const store = await database.open();
    await fill(store, 5);
    expect(await store.compact()).toBe(0);
    expect(await collect(store, { after: 0, count: 10 })).toHaveLength(10);
  });

  it('refuses what it dropped and serves the rest, with the states before', async () => {
    const store = await database.open(keep(3));
    await fill(store, 5);
    const expected = (await collect(store, { after: 0, count: 10 })).map((event) => eventText(event));
    expect(await store.compact()).toBe(7);
    await expect(collect(store, { after: 6, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
    const kept = (events: { revision: number }[]): void =>
      expect(events.map((event) => event.revision)).toEqual([8, 9, 10]);
    kept(await collect(store, { after: 7, count: 3 }));
    await store.close();
    const again = await database.open(keep(3));
    await expect(collect(again, { after: 6, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
    const replayed = await collect(again, { after: 7, count: 3 });
    expect(replayed.map((event) => eventText(event))).toEqual(expected.slice(7));
    expect((await again.list({ resource: TASKS })).items.map((item) => valueOf(item))).toEqual([
      1, 1, 1, 1, 1,
    ]);
  });

  it('keeps what an object was before, however old that is', async () => {
    const store = await database.open(keep(1));
    const old = await create(store, taskKey('old'), 'old');
    const gone = await create(store, taskKey('gone'), 'gone');
    await fill(store, 5);
    await store.compact();
    await update(store, old, 'new');
    await remove(store, gone);
    await store.close();
    const again = await database.open(keep(1));
    const events = await collect(again, { after: 12, count: 2 });
    expect(events.map((event) => eventText(event))).toEqual([
      '13 MODIFIED old old>new',
      '14 DELETED gone gone>gone',
    ]);
  });

  it('lets a running watch above it go on', async () => {
    const store = await database.open(keep(1));
    await fill(store, 5);
    const watching = collect(store, { after: 10, count: 4 });
    await create(store, taskKey('x1'));
    await create(store, taskKey('x2'));
    expect(await store.compact()).toBe(11);
    await create(store, taskKey('x3'));
    await create(store, taskKey('x4'));
    expect((await watching).map((event) => event.revision)).toEqual([11, 12, 13, 14]);
  });

  it('compacts again and again, over deletes and new lives of a name, in several batches', async () => {
    const store = await database.open(keep(1));
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 400 }, async (_, i) => {
          const created = await create(store, taskKey(`t${i}`), round);
          const updated = await update(store, created, round + 0.5);
          await remove(store, updated);
        }),
      );
      await create(store, taskKey(`kept${round}`), round);
      expect(await store.compact()).toBe(1_201 * (round + 1) - 1);
    }
    await store.close();
    const again = await database.open(keep(1));
    expect((await again.list({ resource: TASKS })).items.map((item) => valueOf(item))).toEqual([0, 1, 2]);
  });
});

/** `count` objects, each created and changed once. */
async function fill(store: Store, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await create(store, taskKey(`t${i}`), 0);
  for (const item of (await store.list({ resource: TASKS })).items) {
    if (item.key.name.startsWith('t')) await update(store, item, 1);
  }
}
