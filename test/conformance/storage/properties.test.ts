import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StorageKey, StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { STORES, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, remove, task, taskKey, update, valueOf } from './objects.ts';

/**
 * The model of a store: a map of current states and the array of everything that happened. Random programs run on
 * both, several steps at once, and must agree.
 */
interface Model {
  current: Map<string, { revision: number; value: unknown }>;
  events: string[];
  compacted: number;
}

interface Write {
  do: 'create' | 'update' | 'delete' | 'stale';
  name: string;
  value: number;
}

type Step = Write | { do: 'restart' | 'compact' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('create' as const, 'update' as const, 'delete' as const, 'stale' as const),
      name: fc.constantFrom('a', 'A', 'b', 'ü', '😀'),
      value: fc.integer(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'compact' as const) }),
  },
);

const storeOptions = { ringCapacity: 3, compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 4 } };
const open = (database: TestDatabase): Promise<Store> => database.open({ options: storeOptions });

const text = (event: StoreEvent): string =>
  `${event.type} ${event.object.key.name} ${String(valueOf(event.previous))}>${String(valueOf(event.object))}`;

describe.each(STORES)('random programs on %s', (driver) => {
  it('agree with a map and an array', { timeout: 120_000 }, async () => {
    const program = fc.array(step, { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(program, (steps) => runProgram(driver, steps)),
      {
        numRuns: driver === 'sqlite' ? 60 : 15,
      },
    );
  });

  it(
    'give concurrent writers one history that every watcher and every restart agrees on',
    { timeout: 120_000 },
    async () => {
      const writer = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(2)), { maxLength: 15 });
      await fc.assert(
        fc.asyncProperty(fc.array(writer, { minLength: 1, maxLength: 6 }), (writers) =>
          runWriters(driver, writers),
        ),
        {
          numRuns: driver === 'sqlite' ? 40 : 10,
        },
      );
    },
  );
});

async function runProgram(driver: (typeof STORES)[number], steps: readonly Step[]): Promise<void> {
  await using database = await freshDatabase(driver);
  let store = await open(database);
  const model: Model = { current: new Map(), events: [], compacted: 0 };
  for (const next of steps) {
    if (!('name' in next)) {
      if (next.do === 'compact') {
        model.compacted = Math.max(model.compacted, model.events.length - 4);
        expect(await store.compact()).toBe(model.compacted);
        continue;
      }
      await store.close();
      store = await open(database);
    } else {
      await applyStep(store, model, next);
    }
  }
  const { revision, items } = await store.list({ resource: TASKS });
  expect(revision).toBe(model.events.length);
  expect(items.map((item) => [item.key.name, item.revision, valueOf(item)])).toEqual(
    [...model.current]
      .toSorted(([x], [y]) => Buffer.compare(Buffer.from(x), Buffer.from(y)))
      .map(([name, state]) => [name, state.revision, state.value]),
  );
  for (let after = model.compacted; after <= revision; after++) {
    const events = await collect(store, { after, count: revision - after });
    expect(events.map((event) => text(event))).toEqual(model.events.slice(after));
  }
  if (model.compacted > 0) {
    await expect(collect(store, { after: model.compacted - 1, count: 1 })).rejects.toMatchObject({
      code: 'Compacted',
    });
  }
}

async function applyStep(store: Store, model: Model, { do: action, name, value }: Write): Promise<void> {
  const key: StorageKey = taskKey(name);
  const before = model.current.get(name);
  const revision = model.events.length + 1;
  if (action === 'create') {
    if (before !== undefined) {
      await expect(create(store, key, value)).rejects.toMatchObject({ code: 'Exists' });
      return;
    }
    await create(store, key, value);
    model.current.set(name, { revision, value });
    model.events.push(`ADDED ${name} undefined>${value}`);
    return;
  }
  const expectedRevision = action === 'stale' ? (before?.revision ?? 1) - 1 : (before?.revision ?? 1);
  const mutation =
    action === 'delete'
      ? ({ op: 'delete', key, expectedRevision } as const)
      : ({ op: 'update', key, object: task(key, value), expectedRevision } as const);
  if (before === undefined || action === 'stale') {
    const code = before === undefined ? 'NotFound' : 'Conflict';
    await expect(store.commit(mutation)).rejects.toMatchObject({ code });
    return;
  }
  await store.commit(mutation);
  if (action === 'delete') {
    model.current.delete(name);
    model.events.push(`DELETED ${name} ${String(before.value)}>${String(before.value)}`);
  } else {
    model.current.set(name, { revision, value });
    model.events.push(`MODIFIED ${name} ${String(before.value)}>${value}`);
  }
}

/** Each writer reads and then writes; what it was told must be what the history says. */
async function runWriters(
  driver: (typeof STORES)[number],
  writers: readonly (readonly (readonly [string, number])[])[],
): Promise<void> {
  await using database = await freshDatabase(driver);
  const store = await open(database);
  const told: number[] = [];
  await Promise.all(
    writers.map(async (actions, w) => {
      for (const [name, kind] of actions) {
        const current = await store.get(taskKey(name));
        const write =
          current === undefined
            ? create(store, taskKey(name), w)
            : kind === 0
              ? remove(store, current)
              : update(store, current, w);
        const outcome = await write.catch((error: { code?: string }) => error.code);
        if (typeof outcome === 'object') told.push(outcome.revision);
        else expect(['Exists', 'NotFound', 'Conflict']).toContain(outcome);
      }
    }),
  );
  const { revision, items } = await store.list({ resource: TASKS });
  expect(told.sort((x, y) => x - y)).toEqual(Array.from({ length: revision }, (_, i) => i + 1));
  const live = await collect(store, { after: 0, count: revision });
  await store.close();
  const again = await open(database);
  const replayed = await collect(again, { after: 0, count: revision });
  expect(replayed.map((event) => text(event))).toEqual(live.map((event) => text(event)));
  expect((await again.list({ resource: TASKS })).items.map((item) => item.json())).toEqual(
    items.map((item) => item.json()),
  );
  const replay = new Map<string, string>();
  for (const event of replayed) {
    expect(event.previous?.json()).toBe(replay.get(event.object.key.name));
    if (event.type === 'DELETED') replay.delete(event.object.key.name);
    else replay.set(event.object.key.name, event.object.json());
  }
  expect([...replay.values()].sort()).toEqual(items.map((item) => item.json()).sort());
}
