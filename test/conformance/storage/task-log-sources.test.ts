import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TaskEvent, TaskEventAppended, TaskEventInput } from '#api/types/tasks/task-event';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';

const taskUID = 'u';

/** An append of `count` events behind the last one that was acknowledged. */
interface Append {
  do: 'append';
  source: string;
  count: number;
  /** The answer does not arrive: the same events come again with the next append. */
  lost: boolean;
}

type Step = Append | { do: 'restart' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      source: fc.constantFrom('a', 'b', 'B', 'ü'),
      count: fc.nat(3),
      lost: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

const eventsAfter = (known: number, count: number): TaskEventInput[] =>
  Array.from({ length: count }, (_, i) => ({
    sourceSeq: known + i + 1,
    time: '2026-01-02T03:04:05.000006Z',
    type: 'text',
    data: { text: `${known + i + 1}` },
  }));

/** Appends of several sources go on at once; a restart waits for those before it. */
async function run(open: () => Promise<Store>, steps: readonly Step[]): Promise<void> {
  let store = await open();
  const acknowledged = new Map<string, number>();
  let underWay: Promise<void>[] = [];
  for (const each of steps) {
    if (each.do === 'restart') {
      await Promise.all(underWay);
      underWay = [];
      await store.close();
      store = await open();
    } else underWay.push(append(store, each, acknowledged));
  }
  await Promise.all(underWay);
  const events = await store.log.read({ taskUID, after: 0, limit: 1_000 });
  for (const source of ['a', 'b', 'B', 'ü']) {
    const asked = await store.log.append({ source, taskUID, events: [] });
    expect(asked).toEqual(standingOf(events, source));
    expect(asked.lastSourceSeq).toBeGreaterThanOrEqual(acknowledged.get(source) ?? 0);
  }
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  await store.close();
}

async function append(
  store: Store,
  { source, count, lost }: Append,
  acknowledged: Map<string, number>,
): Promise<void> {
  const known = acknowledged.get(source) ?? 0;
  const answer = await store.log.append({ source, taskUID, events: eventsAfter(known, count) });
  if (!lost) acknowledged.set(source, Math.max(acknowledged.get(source) ?? 0, answer.lastSourceSeq));
}

/** The answer to an append, worked out from the whole log. Throws where the source's numbers have a gap. */
function standingOf(events: readonly TaskEvent[], source: string): TaskEventAppended {
  const own = events.filter((event) => event.source === source);
  expect(own.map(({ sourceSeq }) => sourceSeq)).toEqual(own.map((_, i) => i + 1));
  return { lastSeq: events.length, lastSourceSeq: own.length, lastSourceEventSeq: own.at(-1)?.seq ?? 0 };
}

describe.each(STORES)('the sources of a log on %s', (driver) => {
  it(
    'are each numbered without gaps, and the end of each is found, over any interleaving, restart and lost answer',
    { timeout: 120_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
          await using database = await freshDatabase(driver);
          await run(() => database.open(), steps);
        }),
        { numRuns: driver.endsWith('sqlite') ? 40 : 10 },
      );
    },
  );
});
