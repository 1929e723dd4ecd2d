import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { openStore } from '#api/storage/open-store';
import { databaseServer } from '#dev/environment/databases/database-server';
import type { DatabaseServer } from '#dev/environment/databases/database-server';
import { SERVERS } from './databases.ts';
import { TASKS, collect, create, remove, taskKey } from './objects.ts';

const big = 'x'.repeat(200_000);
/** One file for everything, which may not grow: what a full disk is to the server, for any user of any machine. */
const ONE_FILE = '--innodb-file-per-table=0';
const room = (mebibytes: number): string =>
  `--innodb-data-file-path=ibdata1:12M:autoextend:max:${mebibytes}M`;

describe.each(SERVERS)('a full disk under %s', (flavour) => {
  let server: DatabaseServer;
  beforeAll(async () => {
    server = await databaseServer({ flavour, settings: [ONE_FILE, room(40)] });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('fails writes, loses nothing, serves reads and watches, and goes on when there is room', async () => {
    const store = await openStore({ url: server.url, logger: silentLogger });
    const written = [];
    for (let full = false; !full;) {
      try {
        written.push(await create(store, taskKey(`big${written.length}`), big));
      } catch (error) {
        expect(error).toMatchObject({ name: 'StorageError', code: 'Full' });
        full = true;
      }
    }
    expect(written.length).toBeGreaterThan(10);
    const failed = await Promise.allSettled([1, 2, 3].map((i) => create(store, taskKey(`more${i}`), big)));
    expect(failed.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect((await store.list({ resource: TASKS })).items).toHaveLength(written.length);
    const watching = collect(store, { after: written.length, count: 2 });
    await server.stop();
    await server.start([room(200)]);
    const [first] = written;
    if (first === undefined) throw new Error('nothing was written');
    expect((await remove(store, first)).revision, 'no number was used up').toBe(written.length + 1);
    await create(store, taskKey('after'), big);
    expect(await watching).toHaveLength(2);
    await store.close();
  });
});
