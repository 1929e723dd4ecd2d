import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TaskEventInput } from '#api/types/tasks/task-event';
import type { Store } from '#api/storage/contract/store';
import type { DeletedTaskPlace } from '#api/storage/contract/retention';
import { DRIVERS, SERVERS, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { create, taskKey } from './objects.ts';

const time = '2026-01-02T03:04:05.000006Z';
const all = (taskUID: string) => ({ taskUID, after: 0, limit: 1_000_000 });

let database: TestDatabase;
let store: Store;

afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

/** A log of so many events; and a message, so that there is something of everything. */
async function fillLog(taskUID: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += 2_000) {
    const length = Math.min(2_000, count - from + 1);
    const events = Array.from({ length }, (_, i): TaskEventInput => {
      return { sourceSeq: from + i, time, type: 'text', data: { text: 'a word or two' } };
    });
    const messages = [{ role: 'USER' as const, content: 'hello', time }];
    await store.log.append({ source: 's', taskUID, events, messages });
  }
}

/** A Task with a log, deleted. */
async function deleted(
  uid: string,
  options: { at: number; events: number; namespace?: string },
): Promise<void> {
  const { key, revision } = await create(store, taskKey(uid, options.namespace), 'last state');
  await fillLog(uid, options.events);
  const deletedTask = { uid, time: options.at };
  await store.commit({ op: 'delete', key, expectedRevision: revision, deletedTask });
}

/** Purges all that is due. @returns how many steps did something */
async function purge(until: number, limit: number): Promise<number> {
  const query = { deletedUntil: until, forgottenUntil: until, limit };
  let after: DeletedTaskPlace | undefined;
  for (let steps = 0; ; steps++) {
    const step = await store.retention.purgeDeletedTask({ ...query, ...(after && { after }) });
    if (step === undefined) return steps;
    if (step.done) after = step.at;
    await new Promise(setImmediate);
  }
}

/** Counts commits that complete while something else goes on. */
async function committing(work: () => Promise<number>): Promise<{ steps: number; commits: number }> {
  const over = new AbortController();
  let commits = 0;
  const writing = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      await create(store, taskKey(`w${i}`), i);
      if (!over.signal.aborted) commits += 1;
    }
  })();
  const steps = await work().finally(() => over.abort());
  await writing;
  return { steps, commits };
}

describe.each(DRIVERS)('retention on %s', (flavour) => {
  beforeEach(async () => {
    database = await freshDatabase(flavour);
    store = await database.open();
  });

  it('keeps the last state of a deleted Task, to the letter, until it is purged', async () => {
    await deleted('u1', { at: 1_000, events: 3 });
    await deleted('u2', { at: 2_000, events: 3 });
    const kept = await store.retention.deletedTask('u1');
    expect(kept).toMatchObject({
      uid: 'u1',
      namespace: 'default',
      name: 'u1',
      revision: 2,
      deletedAt: 1_000,
    });
    expect(JSON.parse(kept?.body ?? '')).toMatchObject({ kind: 'Task', spec: { value: 'last state' } });
    expect(await store.log.read(all('u1'))).toHaveLength(3);
    expect(await purge(1_999, 2)).toBeGreaterThan(1);
    expect(await store.retention.deletedTask('u1')).toBeUndefined();
    expect([await store.log.read(all('u1')), await store.log.messages(all('u1'))]).toEqual([[], []]);
    expect(await store.log.read(all('u2'))).toHaveLength(3);
    // Nothing is left of the log, so its uid is like any other.
    const append = { source: 's', taskUID: 'u1', events: [] };
    expect(await store.log.append(append)).toEqual({ lastSeq: 0, lastSourceSeq: 0, lastSourceEventSeq: 0 });
  });

  it('lists them by time and page by page, of one namespace or of all', async () => {
    for (const [i, uid] of ['a', 'b', 'c', 'd', 'e'].entries()) {
      const namespace = i % 2 === 0 ? 'even' : 'odd';
      await deleted(uid, { at: 1_000 + Math.floor(i / 2), events: 0, namespace });
    }
    const uids = async (query: object): Promise<string[]> =>
      (await store.retention.deletedTasks({ since: 0, limit: 10, ...query })).map(({ uid }) => uid);
    expect(await uids({})).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(await uids({ limit: 2 })).toEqual(['e', 'd']);
    expect(await uids({ before: { deletedAt: 1_001, uid: 'd' } })).toEqual(['c', 'b', 'a']);
    expect(await uids({ namespace: 'odd' })).toEqual(['d', 'b']);
    expect(await uids({ since: 1_000 })).toEqual(['e', 'd', 'c']);
    await store.retention.limitDeletionTimes(1_000);
    expect(await uids({ since: 1_000 })).toEqual([]);
  });

  it('gives a turn once per interval, and takes no turn in the future for one', async () => {
    const turn = (now: number) => store.retention.takeTurn({ name: 'test', now, everyMs: 100 });
    expect(await turn(1_000)).toBe(true);
    expect(await turn(1_099)).toBe(false);
    expect(await turn(1_100)).toBe(true);
    expect(await turn(900)).toBe(true);
    expect(await turn(950)).toBe(false);
  });

  it('expires the events of a log, which goes on with its numbers', async () => {
    await fillLog('u1', 5);
    await fillLog('u2', 5);
    expect(await store.retention.logsWithEvents(['u1', 'none'])).toEqual(['u1']);
    expect((await store.log.bounds('u1')).firstSeq).toBe(1);
    expect(await store.retention.dropEvents({ taskUID: 'u1', limit: 3 })).toBe(false);
    expect((await store.log.bounds('u1')).firstSeq).toBe(4);
    expect((await store.log.read(all('u1'))).map(({ seq }) => seq)).toEqual([4, 5]);
    expect(await store.retention.dropEvents({ taskUID: 'u1', limit: 3 })).toBe(false);
    expect(await store.retention.dropEvents({ taskUID: 'u1', limit: 3 })).toBe(true);
    expect((await store.log.bounds('u1')).firstSeq).toBe(6);
    expect(await store.retention.logsWithEvents(['u1', 'none'])).toEqual([]);
    const event = { sourceSeq: 6, time, type: 'text' as const, data: {} };
    await store.log.append({ source: 's', taskUID: 'u1', events: [event] });
    expect((await store.log.read(all('u1'))).map(({ seq }) => seq)).toEqual([6]);
    expect(await store.log.messages(all('u1'))).toHaveLength(1);
    expect(await store.log.read(all('u2'))).toHaveLength(5);
  });

  it('lets commits go on between the batches of 100,000 rows that go', async () => {
    await deleted('big', { at: 1_000, events: 100_000 });
    const { steps, commits } = await committing(() => purge(1_000, 500));
    expect(steps).toBeGreaterThanOrEqual(200);
    expect(commits).toBeGreaterThanOrEqual(steps / 4);
    expect(await store.log.read(all('big'))).toEqual([]);
    expect(await store.retention.deletedTask('big')).toBeUndefined();
  });

  it('deletes a Task with a long log without touching the log', async () => {
    const { key, revision } = await create(store, taskKey('big'));
    await fillLog('big', 5_000);
    const { commits } = await committing(async () => {
      const deletedTask = { uid: 'big', time: 1_000 };
      await store.commit({ op: 'delete', key, expectedRevision: revision, deletedTask });
      return 0;
    });
    expect(commits).toBeLessThanOrEqual(2);
    expect(await store.log.read(all('big'))).toHaveLength(5_000);
  });
});

describe.each(SERVERS)('retention by two replicas on %s', (flavour) => {
  it('works side by side on different Tasks, and leaves nothing', async () => {
    database = await freshDatabase(flavour);
    store = await database.open();
    const uids = Array.from({ length: 10 }, (_, i) => `u${i}`);
    for (const uid of uids) await deleted(uid, { at: 1_000, events: 100 });
    await Promise.all([purge(1_000, 20), purge(1_000, 20), purge(1_000, 20)]);
    expect(await purge(1_000, 20)).toBe(0);
    expect(await store.retention.deletedTasks({ since: 0, limit: 10 })).toEqual([]);
    for (const uid of uids) expect(await store.log.read(all(uid))).toEqual([]);
  });
});
