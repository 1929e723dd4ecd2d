import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskEvent, TaskEventAppended, TaskEventInput } from '#api/types/tasks/task-event';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { create, taskKey } from './objects.ts';

const time = '2026-01-02T03:04:05.000006Z';

const event = (sourceSeq: number, text = `text ${sourceSeq}`): TaskEventInput => ({
  sourceSeq,
  time,
  type: 'text',
  data: { text },
});

const range = (from: number, to: number): TaskEventInput[] =>
  Array.from({ length: to - from + 1 }, (_, i) => event(from + i));

/** Of a log with one source. */
const standing = (count: number): TaskEventAppended => ({
  lastSeq: count,
  lastSourceSeq: count,
  lastSourceEventSeq: count,
});

const all = { taskUID: 'u1', after: 0, limit: 10_000 };

/** Reads a followed log until `count` events came. */
async function followed(
  store: Store,
  query: { taskUID: string; after: number; count: number },
): Promise<TaskEvent[]> {
  const { taskUID, after, count } = query;
  const events: TaskEvent[] = [];
  const end = new AbortController();
  for await (const page of store.log.follow({ taskUID, after, signal: end.signal })) {
    events.push(...page);
    if (events.length >= count) break;
  }
  return events;
}

const numbers = (events: readonly { seq: number }[]): number[] => events.map(({ seq }) => seq);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe.each(STORES)('task log on %s', (driver) => {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await freshDatabase(driver);
    store = await database.open();
  });
  afterEach(async () => {
    await database[Symbol.asyncDispose]();
  });

  it('keeps events to the letter, over a restart', async () => {
    const odd: TaskEventInput = {
      sourceSeq: 1,
      time,
      type: 'tool_call',
      data: { id: 'x', input: { text: 'a\'b"c\\d\n\u0000😀', list: [1, null] } },
    };
    expect(await store.log.append({ source: 's', taskUID: 'u1', events: [odd] })).toEqual({
      lastSeq: 1,
      lastSourceSeq: 1,
      lastSourceEventSeq: 1,
    });
    await store.close();
    const again = await database.open();
    expect(await again.log.read(all)).toEqual([{ ...odd, seq: 1, source: 's' }]);
  });

  it('adds an event once, however often it comes', async () => {
    const batch = { source: 's', taskUID: 'u1', events: range(1, 3) };
    expect(await store.log.append(batch)).toEqual(standing(3));
    expect(await store.log.append(batch)).toEqual(standing(3));
    const overlapping = { ...batch, events: range(2, 5) };
    expect(await store.log.append(overlapping)).toEqual(standing(5));
    expect(await store.log.append({ ...batch, events: [] })).toEqual(standing(5));
    expect((await store.log.read(all)).map(({ sourceSeq }) => sourceSeq)).toEqual([1, 2, 3, 4, 5]);
  });

  it('refuses a gap and adds nothing of it', async () => {
    await store.log.append({ source: 's', taskUID: 'u1', events: range(1, 2) });
    for (const events of [[event(4)], [event(3), event(5)]]) {
      await expect(store.log.append({ source: 's', taskUID: 'u1', events })).rejects.toMatchObject({
        code: 'Conflict',
      });
    }
    expect(numbers(await store.log.read(all))).toEqual([1, 2]);
  });

  it('takes the appends of others beside one that the database cannot take', async () => {
    const long = { source: 's'.repeat(10_000), taskUID: 'u2', events: [event(1)] };
    const good = ['a', 'b'].map((source) => ({ source, taskUID: 'u1', events: range(1, 2) }));
    const [first, , second] = await Promise.allSettled(
      [good[0], long, good[1]].map((batch) => store.log.append(batch as typeof long)),
    );
    expect([first, second]).toMatchObject([{ status: 'fulfilled' }, { status: 'fulfilled' }]);
    expect(numbers(await store.log.read(all))).toEqual([1, 2, 3, 4]);
  });

  it('numbers the events of several sources together and of several tasks apart', async () => {
    await store.log.append({ source: 'a', taskUID: 'u1', events: range(1, 2) });
    await store.log.append({ source: 'b', taskUID: 'u1', events: range(1, 2) });
    await store.log.append({ source: 'a', taskUID: 'u2', events: range(1, 1) });
    const read = await store.log.read(all);
    expect(read.map(({ seq, source, sourceSeq }) => [seq, source, sourceSeq])).toEqual([
      [1, 'a', 1],
      [2, 'a', 2],
      [3, 'b', 1],
      [4, 'b', 2],
    ]);
    expect(numbers(await store.log.read({ ...all, taskUID: 'u2' }))).toEqual([1]);
    expect(numbers(await store.log.read({ taskUID: 'u1', after: 1, limit: 2 }))).toEqual([2, 3]);
  });

  it('leaves no gap and loses nothing when many append at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let seq = 1; seq <= 20; seq++) {
          await store.log.append({ source: `s${i}`, taskUID: `u${i % 2}`, events: [event(seq)] });
        }
      }),
    );
    for (const taskUID of ['u0', 'u1']) {
      const read = await store.log.read({ ...all, taskUID });
      expect(numbers(read)).toEqual(upTo(200));
      for (const source of new Set(read.map((entry) => entry.source))) {
        const own = read.filter((entry) => entry.source === source);
        expect(own.map(({ sourceSeq }) => sourceSeq)).toEqual(upTo(20));
      }
    }
  });

  it('adds messages with new events only', async () => {
    const messages = [{ role: 'ASSISTANT' as const, content: 'done 😀', time }];
    const batch = { source: 's', taskUID: 'u1', events: range(1, 1), messages };
    await store.log.append(batch);
    await store.log.append(batch);
    await store.log.append({ ...batch, events: range(1, 2) });
    expect(await store.log.messages(all)).toEqual([
      { id: 1, source: 's', ...messages[0] },
      { id: 2, source: 's', ...messages[0] },
    ]);
  });

  it('follows: what is there, then what comes, each event once', async () => {
    await store.log.append({ source: 's', taskUID: 'u1', events: range(1, 1_200) });
    const fromStart = followed(store, { taskUID: 'u1', after: 0, count: 1_300 });
    const fromMiddle = followed(store, { taskUID: 'u1', after: 1_150, count: 150 });
    for (let seq = 1_201; seq <= 1_300; seq++) {
      await store.log.append({ source: 's', taskUID: 'u1', events: [event(seq)] });
    }
    expect(numbers(await fromStart)).toEqual(upTo(1_300));
    expect(numbers(await fromMiddle)).toEqual(upTo(1_300).slice(1_150));
  });

  it('reads large events a few at a time, and misses none', async () => {
    const large = 'x'.repeat(2 * 1024 * 1024);
    for (let seq = 1; seq <= 9; seq++) {
      const events = [seq === 5 ? event(seq, 'small') : event(seq, large)];
      await store.log.append({ source: 's', taskUID: 'u1', events });
    }
    const pages: number[][] = [];
    for (let after = 0; ; after = pages.at(-1)?.at(-1) ?? 0) {
      const page = await store.log.read({ taskUID: 'u1', after, limit: 500 });
      if (page.length === 0) break;
      pages.push(numbers(page));
    }
    expect(pages.flat()).toEqual(upTo(9));
    expect(Math.max(...pages.map(({ length }) => length))).toBeLessThanOrEqual(3);
    expect(pages.length).toBeLessThan(9);
    expect(numbers(await store.log.read({ taskUID: 'u1', after: 1, limit: 1 }))).toEqual([2]);
    const seen = await followed(store, { taskUID: 'u1', after: 0, count: 9 });
    expect(numbers(seen)).toEqual(upTo(9));
    expect(seen.every(({ seq, data }) => data['text'] === (seq === 5 ? 'small' : large))).toBe(true);
  });

  it('ends a follower when the signal aborts or the store closes', async () => {
    const end = new AbortController();
    const drain = async (signal: AbortSignal): Promise<void> => {
      for await (const page of store.log.follow({ taskUID: 'u1', after: 0, signal }))
        expect(page).not.toEqual([]);
    };
    const aborted = drain(end.signal);
    const closed = drain(new AbortController().signal);
    await store.log.append({ source: 's', taskUID: 'u1', events: range(1, 1) });
    end.abort();
    await aborted;
    await store.close();
    await closed;
  });

  it('takes no appends once its task is deleted, and is kept', async () => {
    const stored = await create(store, taskKey('a'));
    const batch = {
      source: 's',
      taskUID: 'u1',
      events: range(1, 2),
      messages: [{ role: 'USER' as const, content: 'x', time }],
    };
    await store.log.append(batch);
    await store.log.append({ ...batch, taskUID: 'u2' });
    await store.commit({
      op: 'delete',
      key: stored.key,
      expectedRevision: stored.revision,
      deletedTask: { uid: 'u1', time: 1_000 },
    });
    expect(await store.log.read(all)).toHaveLength(2);
    expect(await store.log.messages(all)).toHaveLength(1);
    await expect(store.log.append({ ...batch, events: range(1, 3) })).rejects.toMatchObject({
      code: 'NotFound',
    });
    expect(await store.log.read({ ...all, taskUID: 'u2' })).toHaveLength(2);
  });

  it('stays when the delete is refused', async () => {
    const stored = await create(store, taskKey('a'));
    await store.log.append({ source: 's', taskUID: 'u1', events: range(1, 2) });
    const deletedTask = { uid: 'u1', time: 1_000 };
    const stale = store.commit({ op: 'delete', key: stored.key, expectedRevision: 99, deletedTask });
    await expect(stale).rejects.toMatchObject({ code: 'Conflict' });
    expect(await store.log.read(all)).toHaveLength(2);
    expect(await store.retention.deletedTask('u1')).toBeUndefined();
  });
});
