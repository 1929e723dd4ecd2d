import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ListResult } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, create, remove, taskKey, update, valueOf } from './objects.ts';

const texts = ({ items }: ListResult): string[] =>
  items.map((item) => `${item.key.namespace}/${item.key.name}=${String(valueOf(item))}@${item.revision}`);

/** Creates, changes, deletes and creates again, from many writers at once. */
async function churn(store: Store): Promise<void> {
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const key = taskKey(`t${i}`, `ns${i % 3}`);
      const changed = await update(store, await create(store, key, 'a'), 'b');
      if (i % 2 === 1) return;
      await remove(store, changed);
      if (i % 4 === 0) await create(store, key, 'c');
    }),
  );
}

describe.each(STORES)('a list of the past on %s', (driver) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await freshDatabase(driver);
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it.each([
    ['out of memory', 2_000],
    ['out of the log', 4],
  ])('is what a list showed then, %s, while many write', async (_, ringCapacity) => {
    const store = await database.open({ options: { ringCapacity, pastSnapshots: 3 } });
    const seen: ListResult[] = [];
    const writing = churn(store);
    const look = async (): Promise<void> => {
      seen.push(await store.list({ resource: TASKS }));
    };
    for (let i = 0; i < 20; i++) await look();
    await writing;
    await churn(store).catch(() => undefined);
    await look();
    for (const past of [...seen, ...seen.toReversed()]) {
      const again = await store.list({ resource: TASKS, exactRevision: past.revision });
      expect(again.revision).toBe(past.revision);
      expect(texts(again)).toEqual(texts(past));
      const part = await store.list({ resource: TASKS, exactRevision: past.revision, namespace: 'ns1' });
      expect(texts(part)).toEqual(texts(past).filter((text) => text.startsWith('ns1/')));
    }
    await store.close();
    const restarted = await database.open();
    const last = seen[0] as ListResult;
    const again = await restarted.list({ resource: TASKS, exactRevision: last.revision });
    expect(texts(again)).toEqual(texts(last));
  });

  it('hands the same array to every page of one snapshot', async () => {
    const store = await database.open();
    const a = await create(store, taskKey('a'), 1);
    await update(store, a, 2);
    const first = await store.list({ resource: TASKS, exactRevision: 1 });
    const second = await store.list({ resource: TASKS, exactRevision: 1 });
    expect(texts(first)).toEqual(['default/a=1@1']);
    expect(second.items).toBe(first.items);
  });

  it('knows what is too old and what is still to come', async () => {
    const store = await database.open({
      options: { waitMs: 10, compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 0 } },
    });
    const a = await create(store, taskKey('a'), 1);
    await update(store, await update(store, a, 2), 3);
    const future = store.list({ resource: TASKS, exactRevision: 4 });
    await expect(future).rejects.toMatchObject({ code: 'FutureRevision' });
    const compacted = await store.compact();
    expect(compacted).toBeGreaterThan(0);
    const old = store.list({ resource: TASKS, exactRevision: compacted - 1 });
    await expect(old).rejects.toMatchObject({ code: 'Compacted' });
    expect((await store.list({ resource: TASKS, exactRevision: compacted })).revision).toBe(compacted);
  });
});
