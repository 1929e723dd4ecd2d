import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, eventText, remove, taskKey, update } from './objects.ts';

/** Creates, changes and deletes objects from many writers; returns how many revisions that made. */
async function churn(store: Store, writers: number): Promise<number> {
  await Promise.all(
    Array.from({ length: writers }, async (_, i) => {
      const created = await create(store, taskKey(`t${i}`, `ns${i % 3}`), 'a');
      const updated = await update(store, created, 'b');
      if (i % 2 === 0) await remove(store, updated);
    }),
  );
  return writers * 2 + Math.ceil(writers / 2);
}

describe.each(STORES)('watch on %s', (driver) => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await freshDatabase(driver);
    store = await database.open();
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('tells each change once, with the state before', async () => {
    const a = await create(store, taskKey('a'), 1);
    const b = await update(store, a, 2);
    await remove(store, b);
    const expected = ['1 ADDED a undefined>1', '2 MODIFIED a 1>2', '3 DELETED a 2>2'];
    expect((await collect(store, { after: 0, count: 3 })).map((event) => eventText(event))).toEqual(expected);
    await store.close();
    const again = await database.open();
    const replayed = await collect(again, { after: 0, count: 3 });
    expect(replayed.map((event) => eventText(event))).toEqual(expected);
    expect(replayed.map((event) => event.object.object.metadata.resourceVersion)).toEqual(['1', '2', '3']);
  });

  it('sends every revision exactly once and in order to each watcher while many write', async () => {
    const total = 100 * 2 + 50;
    const watchers = Array.from({ length: 5 }, () => collect(store, { after: 0, count: total }));
    expect(await churn(store, 100)).toBe(total);
    const expected = Array.from({ length: total }, (_, i) => i + 1);
    for (const events of await Promise.all(watchers)) {
      expect(events.map((event) => event.revision)).toEqual(expected);
    }
    // One that starts in the middle, from memory and from the database after a restart.
    const tail = await collect(store, { after: 100, count: total - 100 });
    expect(tail.map((event) => event.revision)).toEqual(expected.slice(100));
    await store.close();
    const again = await database.open();
    const replayed = await collect(again, { after: 100, count: total - 100 });
    expect(replayed.map((event) => eventText(event))).toEqual(tail.map((event) => eventText(event)));
  });

  it('continues over a restart into what is written afterwards', async () => {
    const a = await create(store, taskKey('a'), 1);
    await store.close();
    const again = await database.open();
    const watching = collect(again, { after: 0, count: 3 });
    await remove(again, await update(again, a, 2));
    expect((await watching).map((event) => eventText(event))).toEqual([
      '1 ADDED a undefined>1',
      '2 MODIFIED a 1>2',
      '3 DELETED a 2>2',
    ]);
  });

  it('sends only what was asked for: one resource, one namespace', async () => {
    await churn(store, 12);
    const other = { resource: 'events', namespace: 'ns1', name: 'e' };
    await store.commit({
      op: 'create',
      key: other,
      object: { apiVersion: 'v1', kind: 'Event', metadata: other },
    });
    const all = await collect(store, { after: 0, count: 30 });
    const one = all.filter((event) => event.object.key.namespace === 'ns1');
    const events = await collect(store, { after: 0, count: one.length, namespace: 'ns1' });
    expect(events.map((event) => event.revision)).toEqual(one.map((event) => event.revision));
    const ofEvents = await collect(store, { after: 0, count: 1, resource: 'events' });
    expect(ofEvents.map((event) => event.revision)).toEqual([31]);
  });

  it('goes on from the ring, from pages of the log and live without a seam', async () => {
    const small = await freshDatabase(driver);
    try {
      const ring = await small.open({ options: { ringCapacity: 4 } });
      await churn(ring, 400);
      const watching = collect(ring, { after: 0, count: 1_000 + 25 });
      await Promise.all(Array.from({ length: 25 }, (_, i) => create(ring, taskKey(`late${i}`))));
      expect((await watching).map((event) => event.revision)).toEqual(
        Array.from({ length: 1_025 }, (_, i) => i + 1),
      );
    } finally {
      await small[Symbol.asyncDispose]();
    }
  });

  it('ends a reader that falls behind with TooSlow, who then goes on where it stopped', async () => {
    const small = await freshDatabase(driver);
    try {
      const tight = await small.open({ options: { watchBuffer: 10 } });
      const end = new AbortController();
      const iterator = tight.watch({ resource: TASKS, after: 0, signal: end.signal })[Symbol.asyncIterator]();
      await create(tight, taskKey('first'));
      const first = await iterator.next();
      expect((first.value as StoreEvent[]).map((event) => event.revision)).toEqual([1]);
      const waiting = iterator.next();
      await create(tight, taskKey('second'));
      expect(((await waiting).value as StoreEvent[]).map((event) => event.revision)).toEqual([2]);
      for (let i = 0; i < 20; i++) await create(tight, taskKey(`t${i}`));
      await expect(iterator.next()).rejects.toMatchObject({ code: 'TooSlow' });
      expect(await collect(tight, { after: 2, count: 20 })).toHaveLength(20);
    } finally {
      await small[Symbol.asyncDispose]();
    }
  });

  it('ends when the signal aborts or the store closes', async () => {
    const end = new AbortController();
    const aborted = drain(store, { after: 0, signal: end.signal });
    const closed = drain(store, { after: 0, signal: new AbortController().signal });
    await create(store, taskKey('a'));
    end.abort();
    await aborted;
    await store.close();
    await closed;
  });

  it('says nothing about a revision that is still to come until it has', async () => {
    const early = collect(store, { after: 2, count: 2 });
    const a = await create(store, taskKey('a'), 1);
    const b = await update(store, await update(store, a, 2), 3);
    await remove(store, b);
    expect((await early).map((event) => eventText(event))).toEqual(['3 MODIFIED a 2>3', '4 DELETED a 3>3']);
  });
});

async function drain(store: Store, query: { after: number; signal: AbortSignal }): Promise<void> {
  for await (const batch of store.watch({ resource: TASKS, ...query }))
    expect(batch.length).toBeGreaterThan(0);
}
