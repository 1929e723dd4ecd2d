import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { SERVERS, administer, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, taskKey, update, valueOf } from './objects.ts';

/** Nothing is found by polling: each test says who looks, and when. */
const options = {
  pollMs: 3_600_000,
  compaction: { everyMs: 3_600_000, windowMs: 3_600_000, minRevisions: 1 },
};

/**
 * A fail-over to a server that had not got the last commits yet, and a backup put in place of a running database: the
 * rows of the newest revisions are taken away under stores that have them in memory.
 */
describe.each(SERVERS)('a database of %s that lost commits', (flavour) => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await freshDatabase(flavour);
    store = await database.open({ options });
    await create(store, taskKey('kept'), 'kept');
    await create(store, taskKey('lost'), 'lost');
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  async function loseAbove(revision: number): Promise<void> {
    await administer(database.url, `DELETE FROM objects WHERE revision > ${revision}`);
    await administer(database.url, `DELETE FROM revisions WHERE revision > ${revision}`);
    await administer(database.url, `UPDATE revision_counter SET current = ${revision}`);
  }

  const watch = (): Promise<StoreEvent[]> => {
    const watching = collect(store, { after: 0, count: 10 });
    watching.catch(() => undefined);
    return watching;
  };

  async function isRightAgain(watching: Promise<StoreEvent[]>): Promise<void> {
    await expect(watching).rejects.toMatchObject({ code: 'Compacted', message: /list anew/ });
    expect(await store.get(taskKey('lost'))).toBeUndefined();
    const { revision } = await store.list({ resource: TASKS });
    expect(revision, 'above all that anybody has seen').toBeGreaterThan(1_000_000);
    await expect(collect(store, { after: 2, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
    const next = await create(store, taskKey('next'), 'next');
    expect(next.revision).toBe(revision + 1);
    const events = await collect(store, { after: revision, count: 1 });
    expect(events.map(({ object }) => object.key.name)).toEqual(['next']);
  }

  it('is noticed by a read; watchers list anew, and no number is given out twice', async () => {
    const watching = watch();
    await loseAbove(1);
    expect(valueOf(await store.get(taskKey('kept')))).toBe('kept');
    await isRightAgain(watching);
  });

  it('is noticed when another replica has given the same numbers out again', async () => {
    const watching = watch();
    await loseAbove(1);
    const other = await database.open({ options });
    const reused = await create(other, taskKey('other'), 'other');
    await create(other, taskKey('another'), 'another');
    expect(reused.revision).toBe(2);
    expect(valueOf(await store.get(taskKey('other'))), 'not what memory has under that number').toBe('other');
    await isRightAgain(watching);
    expect((await other.list({ resource: TASKS })).items).toHaveLength(4);
  });

  it('refuses a write that was made from a state that is lost, though the number fits', async () => {
    const lost = await store.get(taskKey('lost'));
    await loseAbove(1);
    const other = await database.open({ options });
    const reused = await create(other, taskKey('lost'), 'of the other');
    expect(reused.revision).toBe(lost?.revision);
    await expect(update(store, lost!, 'overwritten')).rejects.toMatchObject({ code: 'Diverged' });
    expect(valueOf(await store.get(taskKey('lost')))).toBe('of the other');
    await expect(update(store, reused, 'mine')).resolves.toBeDefined();
  });

  it('tells those who follow a log, whose events may be lost and their numbers given out again', async () => {
    const append = (replica: Store, sourceSeq: number, text: string) => {
      const event = { sourceSeq, time: '2026-01-02T03:04:05.000006Z', type: 'text', data: { text } } as const;
      return replica.log.append({ source: 's', taskUID: 'u', events: [event] });
    };
    for (const seq of [1, 2, 3]) await append(store, seq, 'old');
    const seen: number[] = [];
    const following = (async () => {
      const query = { taskUID: 'u', after: 0, signal: new AbortController().signal };
      for await (const page of store.log.follow(query)) seen.push(...page.map(({ seq }) => seq));
    })();
    following.catch(() => undefined);
    while (seen.length < 3) await new Promise(setImmediate);
    await loseAbove(1);
    await administer(database.url, 'DELETE FROM task_events WHERE seq > 1');
    await administer(database.url, 'UPDATE task_logs SET last_seq = 1');
    await administer(database.url, 'UPDATE task_sources SET last_source_seq = 1, last_event_seq = 1');
    const other = await database.open({ options });
    await append(other, 2, 'new');
    await store.get(taskKey('kept'));
    await expect(following).rejects.toMatchObject({ code: 'Compacted', message: /from the beginning/ });
    expect(seen).toEqual([1, 2, 3]);
  });

  it('is given new numbers once, however many replicas notice', async () => {
    const others = await Promise.all([database.open({ options }), database.open({ options })]);
    await loseAbove(1);
    await Promise.all([store, ...others].map((replica) => replica.get(taskKey('kept'))));
    const created = await create(store, taskKey('a'));
    const heads = await Promise.all(
      others.map(async (replica) => (await replica.list({ resource: TASKS })).revision),
    );
    expect(heads).toEqual([created.revision, created.revision]);
    expect(created.revision).toBe(1_000_003);
  });

  it('goes on for those who had not seen what is lost', async () => {
    const behind = await database.open({ options });
    await create(store, taskKey('lost too'), 'lost');
    await loseAbove(2);
    await create(behind, taskKey('b'), 'b');
    const { revision, items } = await store.list({ resource: TASKS });
    expect(items.map(({ key }) => key.name)).toEqual(['b', 'kept', 'lost']);
    expect(revision).toBeGreaterThan(1_000_000);
    const created = await create(behind, taskKey('c'), 'c');
    expect(created.revision).toBe(revision + 1);
    expect(valueOf(await store.get(taskKey('c')))).toBe('c');
  });
});
