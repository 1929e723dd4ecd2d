import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import type { TaskEventInput } from '#api/types/tasks/task-event';
import { noWakeUp } from '#api/storage/commits/wake-up';
import type { Store } from '#api/storage/contract/store';
import type { Driver } from '#api/storage/driver/driver';
import type { TaskTables } from '#api/storage/driver/task-tables';
import { openMysql } from '#api/storage/mysql/open-mysql';
import { openSqlite } from '#api/storage/sqlite/open-sqlite';
import { StoredTaskLog } from '#api/storage/task-log/task-log';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';

const taskUID = 'u';
const CROWD = 2_000;
const forever = new AbortController().signal;

const eventsAfter = (known: number, count: number): TaskEventInput[] =>
  Array.from({ length: count }, (_, i) => ({
    sourceSeq: known + i + 1,
    time: '2026-01-02T03:04:05.000006Z',
    type: 'text',
    data: { text: `${known + i + 1}` },
  }));

const openDriver = ({ url }: TestDatabase): Driver | Promise<Driver> =>
  url.startsWith('sqlite:') ? openSqlite(url.slice('sqlite:'.length)) : openMysql(url);

describe.each(['sqlite', 'mariadb'] as const)('a crowd that follows one log on %s', (flavour) => {
  let database: TestDatabase;
  let driver: Driver;
  let log: StoredTaskLog;
  const reads = { count: 0 };

  beforeEach(async () => {
    database = await freshDatabase(flavour);
    driver = await openDriver(database);
    reads.count = 0;
    const { tasks } = driver;
    const counting: TaskTables = {
      appendTaskEvents: (batches, key) => tasks.appendTaskEvents(batches, key),
      taskLogBounds: (uid) => tasks.taskLogBounds(uid),
      readTaskMessages: (query) => tasks.readTaskMessages(query),
      readTaskEvents(query) {
        reads.count += 1;
        return tasks.readTaskEvents(query);
      },
    };
    log = new StoredTaskLog({
      tables: counting,
      wakeUp: noWakeUp,
      clock: systemClock,
      polling: undefined,
      ring: { events: 500, bytes: 1_000_000 },
      maxItems: 256,
      maxBytes: 4_000_000,
      maxWaiting: 10_000,
      maxWaitingBytes: 100_000_000,
    });
  });
  afterEach(async () => {
    await log.close();
    await driver.close();
    await database[Symbol.asyncDispose]();
  });

  it('of two thousand costs one select per wake, and one at the end', { timeout: 60_000 }, async () => {
    const until = new AbortController();
    const seen = Array.from({ length: CROWD }, (): number[] => []);
    const done = seen.map(async (own) => {
      const query = { taskUID, after: 0, signal: forever, until: until.signal };
      for await (const page of log.follow(query)) own.push(...page.map(({ seq }) => seq));
    });
    while (reads.count < 1) await new Promise(setImmediate);
    for (let event = 1; event <= 10; event++) {
      await log.append({ source: 's', taskUID, events: eventsAfter(event - 1, 1) });
      while (seen.some((own) => own.length < event)) await new Promise(setImmediate);
    }
    expect(reads.count, 'one when the first began, one per append').toBe(11);
    until.abort();
    await Promise.all(done);
    expect(reads.count).toBe(12);
    for (const own of seen) expect(own).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
});

type Step =
  | { do: 'append'; count: number }
  | { do: 'expire'; limit: number }
  | { do: 'join'; after: number; slowness: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant('append' as const), count: fc.constant(600) }),
  fc.record({ do: fc.constant('expire' as const), limit: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ do: fc.constant('join' as const), after: fc.nat(700), slowness: fc.nat(4) }),
);

async function run(store: Store, steps: readonly Step[]): Promise<void> {
  const until = new AbortController();
  const followers: { after: number; seqs: number[]; done: Promise<void> }[] = [];
  let count = 0;
  for (const each of steps) {
    if (each.do === 'append') {
      await store.log.append({ source: 's', taskUID, events: eventsAfter(count, each.count) });
      count += each.count;
    } else if (each.do === 'expire') await store.retention.dropEvents({ taskUID, limit: each.limit });
    else {
      const seqs: number[] = [];
      const query = { taskUID, after: each.after, signal: forever, until: until.signal };
      const read = async (): Promise<void> => {
        for await (const page of store.log.follow(query)) {
          seqs.push(...page.map(({ seq }) => seq));
          for (let i = 0; i < each.slowness; i++) await new Promise(setImmediate);
        }
      };
      followers.push({ after: each.after, seqs, done: read() });
    }
  }
  until.abort();
  await Promise.all(followers.map(({ done }) => done));
  const first = (await store.log.bounds(taskUID)).firstSeq;
  for (const { after, seqs } of followers) {
    expect(seqs, 'in order, each once').toEqual([...new Set(seqs)].sort((a, b) => a - b));
    const from = Math.max(after + 1, first);
    const kept = Array.from({ length: Math.max(0, count - from + 1) }, (_, i) => from + i);
    expect(seqs.filter((seq) => seq >= from)).toEqual(kept);
    expect(seqs[0] ?? after + 1).toBeGreaterThan(after);
  }
}

describe.each(STORES)('followers on %s', (flavour) => {
  it(
    'each get exactly what comes after their number, while others write, read slowly, and old events expire',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
          await using database = await freshDatabase(flavour);
          // A ring that is small is left behind often.
          await run(await database.open({ options: { taskRingEvents: 20 } }), steps);
        }),
        { numRuns: flavour.endsWith('sqlite') ? 40 : 10 },
      );
    },
  );
});
