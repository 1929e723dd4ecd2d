import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '#api/storage/contract/store';
import { SERVERS, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, eventText, remove, taskKey, update, valueOf } from './objects.ts';

const time = '2026-01-02T03:04:05.000006Z';

/** Two replicas of the API on one database. */
describe.each(SERVERS)('two stores on one database of %s', (flavour) => {
  let database: TestDatabase;
  let a: Store;
  let b: Store;

  beforeEach(async () => {
    database = await freshDatabase(flavour);
    [a, b] = await Promise.all([database.open(), database.open()]);
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('reads through one what the other has acknowledged, at once', async () => {
    for (let i = 0; i < 50; i++) {
      const created = await create(a, taskKey(`t${i}`), 'a');
      expect(valueOf(await b.get(created.key))).toBe('a');
      const updated = await update(b, created, 'b');
      expect(
        valueOf((await a.list({ resource: TASKS })).items.find((item) => item.key.name === `t${i}`)),
      ).toBe('b');
      await remove(a, updated);
      expect(await b.get(created.key)).toBeUndefined();
      await create(b, created.key, 'again');
    }
  });

  it('lets one writer of one state win, whichever replica it uses', async () => {
    const base = await create(a, taskKey('a'), 0);
    const writes = Array.from({ length: 40 }, (_, i) => update(i % 2 === 0 ? a : b, base, i));
    const won = (await Promise.allSettled(writes)).filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await a.get(base.key)).toEqual(await b.get(base.key));
  });

  it('sends every revision once and in order through both while writers use both', async () => {
    const total = 60 * 2 * 2;
    const watchers = [a, b, a, b].map((store) => collect(store, { after: 0, count: total }));
    await Promise.all(
      [a, b].flatMap((store, s) =>
        Array.from({ length: 60 }, async (_, i) => {
          const created = await create(store, taskKey(`s${s}-${i}`), 1);
          expect(created.object.metadata.resourceVersion).toBe(String(created.revision));
          await update(store, created, 2);
        }),
      ),
    );
    const [first, ...others] = (await Promise.all(watchers)).map((events) =>
      events.map((event) => eventText(event)),
    );
    expect(first?.map((text) => Number(text.split(' ')[0]))).toEqual(
      Array.from({ length: total }, (_, i) => i + 1),
    );
    for (const other of others) expect(other).toEqual(first);
  });

  it('returns the last state of what it deletes, also when the other replica wrote in between', async () => {
    const created = await create(a, taskKey('a'), 'mine');
    const others = Array.from({ length: 30 }, (_, i) => create(b, taskKey(`b${i}`)));
    const deleted = await remove(a, created);
    await Promise.all(others);
    expect(valueOf(deleted)).toBe('mine');
    expect(deleted.object.metadata.resourceVersion).toBe(String(deleted.revision));
  });

  it('compacts for both', async () => {
    const options = { compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 1 } };
    const c = await database.open({ options });
    for (let i = 0; i < 5; i++) await create(a, taskKey(`t${i}`));
    await c.get(taskKey('t0'));
    expect(await c.compact()).toBe(4);
    const later = collect(b, { after: 5, count: 1 });
    await create(a, taskKey('late'));
    expect((await later).map((event) => event.revision)).toEqual([6]);
    await expect(collect(await database.open(), { after: 3, count: 1 })).rejects.toMatchObject({
      code: 'Compacted',
    });
  });

  it('refuses to watch from what the other has compacted', async () => {
    const compaction = { everyMs: 3_600_000, windowMs: 0, minRevisions: 1 };
    const c = await database.open({ options: { compaction, ringCapacity: 1 } });
    const d = await database.open({ options: { ringCapacity: 1 } });
    for (let i = 0; i < 10; i++) await create(a, taskKey(`t${i}`));
    await Promise.all([c.get(taskKey('t0')), d.get(taskKey('t0'))]);
    expect(await c.compact()).toBe(9);
    await expect(collect(d, { after: 3, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
  });

  it('follows through one a task log that the other appends to', async () => {
    const c = await database.open({ options: { taskPollMs: 20 } });
    const seen: number[] = [];
    const end = new AbortController();
    const following = (async () => {
      for await (const page of c.log.follow({ taskUID: 'u', after: 0, signal: end.signal })) {
        seen.push(...page.map(({ seq }) => seq));
        if (seen.length >= 40) break;
      }
    })();
    const append = (store: Store, source: string, sourceSeq: number) =>
      store.log.append({ source, taskUID: 'u', events: [{ sourceSeq, time, type: 'text', data: {} }] });
    await Promise.all(
      [a, b].map(async (store, s) => {
        for (let i = 1; i <= 20; i++) await append(store, `s${s}`, i);
      }),
    );
    await following;
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });

  it('hears of the other through Redis without polling', async () => {
    const redisURL = process.env['TROUPE_TEST_REDIS_URL'];
    if (redisURL === undefined) throw new Error('TROUPE_TEST_REDIS_URL is not set; test/engines.ts sets it');
    const never = 3_600_000;
    const options = { pollMs: never, hintedPollMs: never, taskPollMs: never, hintedTaskPollMs: never };
    const c = await database.open({ redisURL, options });
    const d = await database.open({ redisURL, options });
    // A hint that comes before the subscription is lost, so writes go on until one arrives.
    const end = new AbortController();
    const watching = collect(d, { after: 0, count: 1 }).finally(() => end.abort());
    for (let i = 0; !end.signal.aborted; i++) await create(c, taskKey(`t${i}`));
    expect((await watching).at(0)?.revision).toBe(1);
    const following = d.log.follow({ taskUID: 'u', after: 0, signal: new AbortController().signal });
    const next = following[Symbol.asyncIterator]().next();
    await d.log.read({ taskUID: 'u', after: 0, limit: 1 });
    await c.log.append({
      source: 's',
      taskUID: 'u',
      events: [{ sourceSeq: 1, time, type: 'text', data: {} }],
    });
    expect(((await next).value as { seq: number }[]).map(({ seq }) => seq)).toEqual([1]);
  });

  it('does without a Redis that is away', async () => {
    const redisURL = 'redis://127.0.0.1:1';
    const c = await database.open({ redisURL, options: { pollMs: 20 } });
    const watching = collect(c, { after: 0, count: 2 });
    await create(a, taskKey('a'));
    await create(c, taskKey('b'));
    expect(await watching).toHaveLength(2);
  });
});
