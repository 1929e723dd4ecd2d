import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { StoreEvent } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { backupOf, execute, linesOf, restore, rowsOf } from './backups.ts';
import { DRIVERS, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { TASKS, collect, create, remove, taskKey, update, valueOf } from './objects.ts';

const stack: TestDatabase[] = [];
afterEach(async () => {
  for (const database of stack.splice(0)) await database[Symbol.asyncDispose]();
});

async function fresh(driver: (typeof DRIVERS)[number]): Promise<TestDatabase> {
  const database = await freshDatabase(driver);
  stack.push(database);
  return database;
}

/** Objects of several kinds with their history, logs with messages, a deleted Task. */
async function fill(store: Store): Promise<void> {
  for (const name of ['a', 'A', 'b ', 'ü', '😀', 'x'.repeat(253)]) {
    const first = await create(store, taskKey(name), name);
    await update(store, first, { name, '😀': 'ß\u0000\ud800', big: 12345678901234567890n.toString() });
  }
  await create(store, taskKey('large', 'elsewhere'), 'ö'.repeat(1_500_000));
  await store.commit({
    op: 'create',
    key: { resource: 'namespaces', namespace: '', name: 'default' },
    object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
  });
  await append(store, 'uid-a', { from: 1, to: 120 });
  await append(store, 'uid-gone', { from: 1, to: 3 });
  const gone = await create(store, taskKey('gone'));
  await store.commit({
    op: 'delete',
    key: gone.key,
    expectedRevision: gone.revision,
    deletedTask: { uid: 'uid-gone', time: 1795858338255 },
  });
}

function append(store: Store, taskUID: string, { from, to }: { from: number; to: number }) {
  const events = Array.from({ length: to - from + 1 }, (_, i) => ({
    sourceSeq: from + i,
    time: '2026-11-28T09:47:29.000001Z',
    type: 'text' as const,
    data: { text: `nümber ${from + i} 😀 \\ ' " \n`, long: 'y'.repeat(i * 100) },
  }));
  const messages = [
    { role: 'ASSISTANT' as const, content: `ü\u0000'\\ up to ${to}`, time: '2026-11-28T09:47:30Z' },
  ];
  return store.log.append({ taskUID, source: 'sandbox', events, messages });
}

/** Of parts that this suite does not otherwise reach. */
const MORE_ROWS = [
  'UPDATE revision_counter SET key_generation = 7',
  "UPDATE task_logs SET first_seq = 20 WHERE task_uid = 'uid-a'",
];

const seen = async (store: Store): Promise<string[]> => {
  const lists = await Promise.all([TASKS, 'namespaces'].map((resource) => store.list({ resource })));
  return lists.flatMap(({ items }) => items.map((item) => `${item.revision} ${item.json()}`));
};

const PAIRS = [
  ['sqlite', 'sqlite'],
  ['mariadb', 'mariadb'],
  ['mysql', 'mysql'],
  ['sqlite', 'mariadb'],
  ['sqlite', 'mysql'],
  ['mariadb', 'sqlite'],
] as const;

describe.each(PAIRS)('a backup from %s into %s', (from, to) => {
  it('has every object, log and key as it was, and goes on from there', { timeout: 120_000 }, async () => {
    const source = await fresh(from);
    const before = await source.open();
    await fill(before);
    await before.close();
    await execute(source, MORE_ROWS);
    const store = await source.open();
    const backup = await backupOf(store);
    const target = await fresh(to);
    const restored = await restore(backup, target);
    expect(restored.rows).toMatchObject({ objects: 8, task_logs: 2, task_events: 123, deleted_tasks: 1 });
    const after = await target.open();
    expect(await seen(after)).toEqual(await seen(store));
    expect(rowsOf(await backupOf(after)), 'a backup of the restored').toEqual(rowsOf(backup));

    const query = { taskUID: 'uid-a', after: 0, limit: 500 };
    expect(await after.log.read(query)).toEqual(await store.log.read(query));
    expect(await after.log.messages(query)).toEqual(await store.log.messages(query));
    expect(await append(after, 'uid-a', { from: 119, to: 122 })).toEqual({
      lastSeq: 122,
      lastSourceSeq: 122,
      lastSourceEventSeq: 122,
    });
    await expect(append(after, 'uid-gone', { from: 4, to: 4 })).rejects.toMatchObject({ code: 'NotFound' });

    const { revision } = await after.list({ resource: TASKS });
    expect(revision).toBe(restored.revision);
    expect(revision).toBeGreaterThan(1_000_000_000);
    await expect(collect(after, { after: 5, count: 1 })).rejects.toMatchObject({ code: 'Compacted' });
    const object = await after.get(taskKey('a'));
    const updated = await update(after, object!, 'new');
    expect(updated.revision).toBe(revision + 1);
    await remove(after, updated);
    const events = await collect(after, { after: revision, count: 2 });
    expect(events.map(({ type, previous }) => [type, previous?.json()])).toEqual([
      ['MODIFIED', object?.json()],
      ['DELETED', updated.json()],
    ]);
  });
});

describe('numbers after a restore', () => {
  it('are above those of an earlier restore of the same backup, and of what was in its place', async () => {
    const source = await fresh('sqlite');
    const store = await source.open();
    await create(store, taskKey('a'));
    const backup = await backupOf(store);
    const target = await fresh('sqlite');
    const now = Date.parse('2026-11-28');
    const first = await restore(backup, target, { now });
    const used = await target.open();
    const created = await create(used, taskKey('b'));
    await used.close();
    const other = await fresh('sqlite');
    const second = await restore(backup, other, { now: now + 1 });
    expect(second.revision, 'elsewhere').toBeGreaterThan(created.revision);
    // The clock went back meanwhile.
    const third = await restore(backup, target, { now: now - 3_600_000, replace: () => undefined });
    expect(third.revision, 'in the same place').toBeGreaterThan(created.revision);
    expect(first.revision).toBeLessThan(created.revision);
  });
});

/** State by name of what a watch from the beginning has sent up to a revision. */
function stateAt(events: readonly StoreEvent[], revision: number): Map<string, unknown> {
  const state = new Map<string, unknown>();
  for (const event of events) {
    if (event.revision > revision) break;
    if (event.type === 'DELETED') state.delete(event.object.key.name);
    else state.set(event.object.key.name, valueOf(event.object));
  }
  return state;
}

describe.each(DRIVERS)('a backup of %s under writers', (driver) => {
  it('is the state at its revision, and holds nobody up', { timeout: 120_000 }, async () => {
    const database = await fresh(driver);
    const store = await database.open();
    const old = Array.from({ length: 100 }, (_, i) => create(store, taskKey(`old-${i}`), 'x'.repeat(20_000)));
    await Promise.all(old);
    const end = new AbortController();
    let count = 0;
    const write = async (writer: number): Promise<void> => {
      for (let i = 0; !end.signal.aborted; i++) {
        const made = await create(store, taskKey(`w${writer}-${i}`), 'y'.repeat(1_000));
        if (i % 2 === 0) await update(store, made, i);
        else await remove(store, made);
        count++;
      }
    };
    const writers = [0, 1, 2, 3].map((writer) => write(writer));
    const lines: string[] = [];
    for (let round = 0; round < 3; round++) {
      const before = count;
      const pieces: Uint8Array[] = [];
      for await (const piece of store.backup(new AbortController().signal)) {
        // Others get what they want while a backup waits for its reader.
        if (pieces.length === 1) await create(store, taskKey(`meanwhile-${round}`));
        pieces.push(piece);
      }
      expect(count).toBeGreaterThan(before);
      lines.push(...linesOf(Buffer.concat(pieces)));
    }
    end.abort();
    await Promise.all(writers);
    const { revision } = await store.list({ resource: TASKS });
    const events = await collect(store, { after: 0, count: revision });
    const headers = lines.filter((line) => line.startsWith('{"format"'));
    expect(headers).toHaveLength(3);
    for (const [round, header] of headers.entries()) {
      const at = (JSON.parse(header) as { revision: number }).revision;
      const begin = lines.indexOf(header);
      const end = round === 2 ? lines.length : lines.indexOf(headers[round + 1]!);
      const rows = lines.slice(begin, end).filter((line) => line.startsWith(`["${TASKS}"`));
      const saved = rows.map((line) => JSON.parse(line) as [string, string, string, number, string]);
      const values = new Map(
        saved.map(([, , name, , body]) => [
          name,
          (JSON.parse(body) as { spec: { value: unknown } }).spec.value,
        ]),
      );
      expect(values).toEqual(stateAt(events, at));
      expect(Math.max(...saved.map(([, , , number]) => number))).toBeLessThanOrEqual(at);
    }
  });
});

describe('any content', () => {
  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 40 })
    .filter((text) => text.isWellFormed());
  const content = fc.array(
    fc.record({ name, namespace: name, value: fc.json(), text: fc.string({ unit: 'binary' }) }),
    { maxLength: 20 },
  );

  it.each(['mariadb', 'mysql'] as const)(
    'is the same after the way from SQLite over %s and back',
    async (driver) => {
      await fc.assert(
        fc.asyncProperty(content, async (objects) => {
          const store = await (await fresh('sqlite')).open();
          for (const { name: called, namespace, value, text } of objects) {
            const key = taskKey(called, namespace);
            if ((await store.get(key)) === undefined) await create(store, key, [value, text]);
            await store.log.append({
              taskUID: 'one',
              source: called,
              events: [{ sourceSeq: 1, time: 't', type: 'log', data: { text } }],
              messages: [{ role: 'USER', content: text.toWellFormed(), time: 't' }],
            });
          }
          const backup = await backupOf(store);
          const server = await fresh(driver);
          await restore(backup, server);
          const between = await backupOf(await server.open());
          const last = await fresh('sqlite');
          await restore(between, last);
          const after = await last.open();
          expect(rowsOf(await backupOf(after))).toEqual(rowsOf(backup));
          expect(await seen(after)).toEqual(await seen(store));
          for (const database of stack.splice(0)) await database[Symbol.asyncDispose]();
        }),
        { numRuns: 4, seed: 20261128 },
      );
    },
  );
});
