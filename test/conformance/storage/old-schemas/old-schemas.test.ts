import { readFileSync, readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Store } from '#api/storage/contract/store';
import { execute } from '../backups.ts';
import { DRIVERS, SERVERS, freshDatabase } from '../databases.ts';
import type { TestDatabase } from '../databases.ts';
import { create, remove, taskKey, update } from '../objects.ts';
import { appendOld, stateOf } from './content.ts';
import type { OldState } from './content.ts';

const MIGRATIONS = new URL('../../../../api/storage/sqlite/migrations/', import.meta.url);
const TAGS = readdirSync(MIGRATIONS)
  .filter((name) => name.endsWith('.sql'))
  .map((name) => name.replace(/\.sql$/, ''))
  .sort();
/** Each was written by the program of its time: see make.ts. */
const DUMPS = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

const read = (dump: string, file: string): string =>
  readFileSync(path.join(import.meta.dirname, dump, file), 'utf8');
const expectedOf = (dump: string): OldState => JSON.parse(read(dump, 'expected.json')) as OldState;

let database: TestDatabase;
const made: TestDatabase[] = [];
afterEach(async () => {
  for (const each of made.splice(0)) await each[Symbol.asyncDispose]();
});

async function load(driver: (typeof DRIVERS)[number], dump: string): Promise<void> {
  database = await freshDatabase(driver);
  made.push(database);
  if (driver === 'sqlite') await mkdir(path.dirname(database.url.slice('sqlite:'.length)));
  const file = driver === 'sqlite' ? 'sqlite.sql' : 'mysql.sql';
  await execute(database, read(dump, file).trim().split(/;\n+/).filter(Boolean));
}

const finished = async (): Promise<unknown> => {
  const [[row]] = (await execute(database, ['SELECT COUNT(*) AS n FROM __drizzle_migrations'])) as [
    [{ n: number }],
  ];
  return row.n;
};

it('every schema before the newest has its dump', () => {
  expect(DUMPS).toEqual(TAGS.slice(0, -1));
});

async function goesOn(store: Store, { revision }: OldState): Promise<void> {
  const asked = { source: 'ended-s0-a1', taskUID: 'uid-ended', events: [] };
  const known = { lastSeq: 6, lastSourceSeq: 6, lastSourceEventSeq: 6 };
  expect(await store.log.append(asked), 'also of a source whose row is older than the column').toEqual(known);
  const added = { lastSeq: 9, lastSourceSeq: 9, lastSourceEventSeq: 9 };
  expect(await appendOld(store, 'running', { from: 5, to: 9 })).toEqual(added);
  await expect(appendOld(store, 'deleted', { from: 7, to: 8 })).rejects.toMatchObject({ code: 'NotFound' });
  const running = await store.get(taskKey('running'));
  const changed = await update(store, running!, 'new');
  expect(changed.revision).toBe(revision + 1);
  await remove(store, changed);
  expect((await create(store, taskKey('running'))).revision).toBe(revision + 3);
}

describe.each(DUMPS)('a database of %s', (dump) => {
  it.each(DRIVERS)(
    'on %s becomes one of today: all that was in it is found, and it goes on',
    async (driver) => {
      await load(driver, dump);
      const store = await database.open();
      expect(await stateOf(store)).toEqual(expectedOf(dump));
      await goesOn(store, expectedOf(dump));
      await store.close();
      expect(await finished()).toBe(TAGS.length);
      const again = await database.open();
      expect(
        (await again.log.read({ taskUID: 'uid-running', after: 6, limit: 10 })).map(({ seq }) => seq),
      ).toEqual([7, 8, 9]);
    },
  );

  it.each(SERVERS)('on %s is migrated once, however many replicas start on it', async (driver) => {
    await load(driver, dump);
    const stores = await Promise.all([database.open(), database.open(), database.open()]);
    expect(await finished()).toBe(TAGS.length);
    for (const store of stores) expect(await stateOf(store)).toEqual(expectedOf(dump));
    await goesOn(stores[1], expectedOf(dump));
    expect((await stores[2].get(taskKey('running')))?.revision).toBe(expectedOf(dump).revision + 3);
  });
});

/** Of migration 1; somebody's table of the same name stands in its way. */
const IN_THE_WAY = 'CREATE TABLE progress (position INT)';

describe.each(DRIVERS)('a migration that fails on %s', (driver) => {
  it('says why, loses nothing, and goes on when the reason is gone', async () => {
    await load(driver, '0000_initial');
    await execute(database, [IN_THE_WAY]);
    for (let i = 0; i < 2; i++)
      await expect(database.open()).rejects.toThrow(/progress|tables of something else/);
    expect(await finished(), 'the old schema is still the one that counts').toBe(1);
    await execute(database, ['DROP TABLE progress']);
    const store = await database.open();
    expect(await stateOf(store)).toEqual(expectedOf('0000_initial'));
    await goesOn(store, expectedOf('0000_initial'));
  });
});

describe.each(DRIVERS)('a database of a newer program on %s', (driver) => {
  const newer = "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 99999999999999)";

  it('is refused, with nothing written', async () => {
    await load(driver, '0000_initial');
    await execute(database, [newer]);
    await expect(database.open()).rejects.toMatchObject({
      code: 'Unavailable',
      message: /newer version of troupe/,
    });
    await execute(database, ['DELETE FROM __drizzle_migrations WHERE created_at = 99999999999999']);
    expect(await stateOf(await database.open())).toEqual(expectedOf('0000_initial'));
  });
});

/** SQLite takes all of a migration back. */
describe.each(SERVERS)('a database that a newer program began to migrate on %s', (driver) => {
  it('is refused too', async () => {
    await load(driver, '0000_initial');
    await execute(database, [
      'INSERT INTO migration_progress (created_at, started, finished) VALUES (99999999999999, 2, 1)',
    ]);
    await expect(database.open()).rejects.toMatchObject({
      code: 'Unavailable',
      message: /newer version of troupe/,
    });
  });
});
