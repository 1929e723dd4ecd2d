import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, create, remove, task, taskKey, update, valueOf } from './objects.ts';

describe.each(STORES)('objects on %s', (driver) => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await freshDatabase(driver);
    store = await database.open();
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('starts at revision 0 with nothing in it', async () => {
    expect(await store.list({ resource: TASKS })).toEqual({ revision: 0, items: [] });
    expect(await store.get(taskKey('a'))).toBeUndefined();
    await store.check();
  });

  it('creates, reads, updates and deletes with growing revisions', async () => {
    const created = await create(store, taskKey('a'), 1);
    expect(created.revision).toBe(1);
    expect(created.object.metadata.resourceVersion).toBe('1');
    const updated = await update(store, created, 2);
    expect(updated.revision).toBe(2);
    expect(valueOf(await store.get(taskKey('a')))).toBe(2);
    const deleted = await remove(store, updated);
    expect(deleted.revision).toBe(3);
    expect(deleted.object.metadata.resourceVersion).toBe('3');
    expect(valueOf(deleted)).toBe(2);
    expect(await store.get(taskKey('a'))).toBeUndefined();
    expect((await create(store, taskKey('a'), 4)).revision).toBe(4);
  });

  it('refuses what does not fit the current state, and gives those refusals no revision', async () => {
    const first = await create(store, taskKey('a'), 1);
    await expect(create(store, taskKey('a'))).rejects.toMatchObject({ code: 'Exists' });
    const second = await update(store, first, 2);
    await expect(update(store, first, 3)).rejects.toMatchObject({
      code: 'Conflict',
      current: { revision: 2 },
    });
    await expect(remove(store, first)).rejects.toMatchObject({ code: 'Conflict' });
    const absent = {
      op: 'update',
      key: taskKey('b'),
      object: task(taskKey('b')),
      expectedRevision: 1,
    } as const;
    await expect(store.commit(absent)).rejects.toMatchObject({ code: 'NotFound' });
    const future = {
      op: 'update',
      key: taskKey('a'),
      object: task(taskKey('a')),
      expectedRevision: 99,
    } as const;
    await expect(store.commit(future)).rejects.toMatchObject({ code: 'Conflict' });
    expect((await remove(store, second)).revision).toBe(3);
  });

  it('lets exactly one of many writers of one state win', async () => {
    const base = await create(store, taskKey('a'), 0);
    const results = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => update(store, base, i)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    expect((await store.list({ resource: TASKS })).revision).toBe(2);
    const creates = await Promise.allSettled(Array.from({ length: 50 }, () => create(store, taskKey('b'))));
    expect(creates.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('numbers the writes of many writers without gaps', async () => {
    const created = await Promise.all(Array.from({ length: 300 }, (_, i) => create(store, taskKey(`t${i}`))));
    const revisions = created.map((stored) => stored.revision).sort((a, b) => a - b);
    expect(revisions).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
  });

  it('applies several mutations of one key in one batch in order', async () => {
    const [created, conflict] = await Promise.allSettled([
      create(store, taskKey('a'), 1),
      create(store, taskKey('a'), 2),
    ]);
    expect(created).toMatchObject({ status: 'fulfilled', value: { revision: 1 } });
    expect(conflict).toMatchObject({ status: 'rejected', reason: { code: 'Exists' } });
  });

  it('tells names and namespaces apart byte by byte and lists them in the order of their bytes', async () => {
    const names = ['a', 'A', 'a ', 'ä', 'a\u0308', '\uFF5E', '😀', 'b', 'aa', 'ß', 'ss'];
    for (const name of names) await create(store, taskKey(name), name);
    await create(store, taskKey('a', 'other'), 'elsewhere');
    await create(store, taskKey('a', ''), 'cluster');
    for (const name of names) expect(valueOf(await store.get(taskKey(name)))).toBe(name);
    const listed = await store.list({ resource: TASKS, namespace: 'default' });
    const byBytes = names.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect(listed.items.map((item) => item.key.name)).toEqual(byBytes);
    const all = await store.list({ resource: TASKS });
    expect(all.items.map((item) => item.key.namespace)).toEqual(['', ...names.map(() => 'default'), 'other']);
    await store.close();
    const again = await database.open();
    expect((await again.list({ resource: TASKS })).items.map((item) => item.json())).toEqual(
      all.items.map((item) => item.json()),
    );
  });

  it('keeps values to the letter', async () => {
    const value = {
      text: 'quote \' double " back \\ slash \n line \u0000 zero \u2028 % _ ` ; -- /* 😀 \uD800 lone',
      numbers: [0, -1, 1.5, 1e21, 9_007_199_254_740_991, 0.1],
      order: { z: 1, a: 2, 10: 3 },
      empty: { list: [], object: {}, none: null, text: '' },
      '"metadata":{': 'not the metadata',
    };
    await create(store, taskKey('a'), value);
    await store.close();
    const again = await database.open();
    const read = await again.get(taskKey('a'));
    expect(valueOf(read)).toEqual(value);
    expect(JSON.parse(read?.json() ?? '')).toEqual(read?.object);
    expect(Object.keys((valueOf(read) as typeof value).order)).toEqual(Object.keys(value.order));
  });

  it('takes bodies of 2 MiB, several at once', async () => {
    // Three bytes of JSON each, so that escaping is at work in a body of 2 MiB.
    const text = 'x"'.repeat((2 * 1024 * 1024) / 3);
    await Promise.all([1, 2, 3, 4].map((i) => create(store, taskKey(`big${i}`), `${i}${text}`)));
    await store.close();
    const again = await database.open();
    expect(valueOf(await again.get(taskKey('big3')))).toBe(`3${text}`);
  });

  it('writes for the others what shares a batch with a name that the database cannot take', async () => {
    const long = create(store, taskKey('長'.repeat(253)));
    const [, first, second] = await Promise.allSettled([
      long,
      create(store, taskKey('a'), 1),
      create(store, taskKey('b'), 2),
    ]);
    expect([first.status, second.status]).toEqual(['fulfilled', 'fulfilled']);
    expect(valueOf(await store.get(taskKey('b')))).toBe(2);
  });

  it('gives out frozen objects and keeps no reference to what it was given', async () => {
    const object = task(taskKey('a'), { list: [1] });
    await store.commit({ op: 'create', key: taskKey('a'), object });
    object.metadata.name = 'changed';
    const read = await store.get(taskKey('a'));
    expect(read?.object.metadata.name).toBe('a');
    expect(Object.isFrozen(read?.object.metadata)).toBe(true);
    expect(Object.isFrozen((valueOf(read) as { list: number[] }).list)).toBe(true);
  });

  it('lists snapshots that later writes do not change', async () => {
    const first = await create(store, taskKey('a'), 1);
    const before = await store.list({ resource: TASKS });
    await update(store, first, 2);
    await create(store, taskKey('b'), 3);
    expect(before.items.map((item) => valueOf(item))).toEqual([1]);
    expect((await store.list({ resource: TASKS })).items.map((item) => valueOf(item))).toEqual([2, 3]);
  });

  it('waits for a revision that is asked for, and says when it does not come', async () => {
    const listed = store.list({ resource: TASKS, minRevision: 1 });
    await create(store, taskKey('a'));
    expect((await listed).revision).toBeGreaterThanOrEqual(1);
    const hasty = await freshDatabase(driver);
    try {
      const other = await hasty.open({ options: { waitMs: 10 } });
      await expect(other.list({ resource: TASKS, minRevision: 5 })).rejects.toMatchObject({
        code: 'FutureRevision',
      });
    } finally {
      await hasty[Symbol.asyncDispose]();
    }
  });

  it('finishes waiting writes when it closes and refuses later calls', async () => {
    const writes = Array.from({ length: 20 }, (_, i) => create(store, taskKey(`t${i}`)));
    await store.close();
    expect(await Promise.all(writes)).toHaveLength(20);
    await expect(store.get(taskKey('a'))).rejects.toMatchObject({ code: 'Closed' });
    await expect(create(store, taskKey('z'))).rejects.toMatchObject({ code: 'Closed' });
    const log = { taskUID: 'u', after: 0, limit: 1 };
    await expect(store.log.read(log)).rejects.toMatchObject({ code: 'Closed' });
    await expect(store.log.messages(log)).rejects.toMatchObject({ code: 'Closed' });
    const again = await database.open();
    expect((await again.list({ resource: TASKS })).items).toHaveLength(20);
  });
});
