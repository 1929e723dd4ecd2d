import Database from 'better-sqlite3';
import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { findInconsistencies } from '../../kit/store-consistency.ts';
import { DRIVERS, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { create, remove, taskKey, update } from './objects.ts';

/** The judge of crashed databases is judged: it accepts what whole transactions leave and sees each half of one. */
describe.each(DRIVERS)('the consistency of a database of %s', (driver) => {
  it('holds after whole transactions, and not without one of its rows', async () => {
    await using database = await writtenDatabase(driver);
    expect(await findInconsistencies(database.url)).toEqual([]);
    await change(database.url, 'DELETE FROM revisions WHERE revision = 7');
    expect((await findInconsistencies(database.url)).join('\n')).toMatch(/revision 7 is missing before 8/);
  });
});

describe('consistency', () => {
  it.each([
    ['a counter that is behind', 'UPDATE revision_counter SET current = 7', /revision 8 is above/],
    ['a counter that is ahead', 'UPDATE revision_counter SET current = 9', /revision 9 is missing/],
    ['a gap', 'DELETE FROM revisions WHERE revision = 7', /revision 7 is missing before 8/],
    ['an object without its row', "DELETE FROM objects WHERE name = 'kept'", /kept was written at 8 and/],
    ['an object that is behind', "UPDATE objects SET revision = 7 WHERE name = 'kept'", /kept is at 7/],
    [
      'an object that was deleted',
      "INSERT INTO objects VALUES ('r', '', 'x', 4)",
      /x is at 4, its log at nothing/,
    ],
    [
      'a chain of two kinds',
      'UPDATE revisions SET previous_revision = 6 WHERE revision = 8',
      /8 replaces 6, which is no state/,
    ],
    ['a lost update', 'UPDATE revisions SET previous_revision = 5 WHERE revision = 8', /8 replaces 5 again/],
    ['a body that is missing', "UPDATE revisions SET body = '' WHERE revision = 8", /update with 0 bytes/],
    ['an event that is missing', 'DELETE FROM task_events WHERE seq = 3', /4 where 3 belongs/],
    ['events beyond the log', 'UPDATE task_logs SET last_seq = 3', /events of u: 4 of 3/],
    ['a message that is missing', 'DELETE FROM task_messages WHERE id = 2', /messages of u: 1 of 2/],
    ['a source that is behind', "UPDATE task_sources SET last_source_seq = 1 WHERE source = 's1'", /2 of 1/],
    [
      'a last event that is another',
      "UPDATE task_sources SET last_event_seq = 1 WHERE source = 's1'",
      /last event \d+, said to be 1/,
    ],
    ['an unknown source', "DELETE FROM task_sources WHERE source = 's1'", /s1, which is not known/],
    ['a log without its head', 'DELETE FROM task_logs', /the log of u, which is not there/],
    ['a log that was purged by half', 'UPDATE task_logs SET purged_at = 8', /events of u: 4 of 0/],
  ])('is broken by %s', async (_, statement, line) => {
    await using database = await writtenDatabase('sqlite');
    await change(database.url, statement);
    expect((await findInconsistencies(database.url)).join('\n')).toMatch(line);
  });
});

async function writtenDatabase(driver: (typeof DRIVERS)[number]): Promise<TestDatabase> {
  const database = await freshDatabase(driver);
  const options = { compaction: { everyMs: 3_600_000, windowMs: 0, minRevisions: 4 } };
  const store = await database.open({ options });
  const kept = await create(store, taskKey('kept'));
  const gone = await create(store, taskKey('gone'));
  await remove(store, await update(store, gone, 1)); // 3, 4
  await store.compact();
  const again = await create(store, taskKey('gone')); // 5
  await store.compact(); // up to 1
  await update(store, again, 2); // 6
  await update(store, await update(store, kept, 3), 4); // 7, 8
  for (const source of ['s1', 's2']) {
    const time = '2026-01-02T03:04:05.000006Z';
    await store.log.append({
      source,
      taskUID: 'u',
      events: [1, 2].map((sourceSeq) => ({ sourceSeq, time, type: 'text', data: {} })),
      messages: [{ role: 'USER', content: 'x', time }],
    });
  }
  await store.close();
  return database;
}

async function change(url: string, statement: string): Promise<void> {
  if (url.startsWith('sqlite:')) {
    const connection = new Database(url.slice('sqlite:'.length));
    connection.exec(statement);
    connection.close();
    return;
  }
  const connection = await createConnection(url);
  await connection.query(statement);
  connection.destroy();
}
