import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredObject } from '#api/storage/contract/objects';
import type { Store } from '#api/storage/contract/store';
import { openStore } from '#api/storage/open-store';
import { silentLogger } from '#api/machinery/logger';
import { databaseServer } from '#dev/environment/databases/database-server';
import type { DatabaseServer } from '#dev/environment/databases/database-server';
import { freePort } from '#dev/environment/free-port';
import { loadBalancer } from '#dev/environment/load-balancer';
import { administer } from './databases.ts';
import { TASKS, collect, create, taskKey, valueOf } from './objects.ts';

/** Binary logs by GTID, as replication wants them. */
const replicated = (id: number): string[] => [`--server-id=${id}`, '--log-bin=binlog', '--binlog-format=ROW'];

/** A real pair of MariaDB servers with asynchronous replication behind one address, which goes to the primary. */
describe('a fail-over to a replica of the database', () => {
  let stack: AsyncDisposableStack;
  let primary: DatabaseServer;
  let replica: DatabaseServer;
  /** Where the address leads to. */
  const target: number[] = [];
  let stores: Store[];

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    primary = stack.use(await databaseServer({ flavour: 'mariadb', settings: replicated(1) }));
    replica = stack.use(await databaseServer({ flavour: 'mariadb', settings: replicated(2) }));
    await administer(primary.url, "CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY 'app'");
    await administer(primary.url, "GRANT ALL PRIVILEGES ON *.* TO 'app'@'127.0.0.1'");
    await administer(
      replica.url,
      `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${primary.port}, MASTER_USER = 'app',
       MASTER_PASSWORD = 'app', MASTER_USE_GTID = slave_pos`,
    );
    await administer(replica.url, 'START SLAVE');
    target[0] = primary.port;
    const port = await freePort();
    stack.use(await loadBalancer({ host: '127.0.0.1', port, targets: target }));
    const url = `mysql://app:app@127.0.0.1:${port}/troupe`;
    stores = await Promise.all([1, 2].map(() => openStore({ url, logger: silentLogger })));
    for (const store of stores) stack.defer(() => store.close());
  });
  afterEach(() => stack.disposeAsync());

  /** Resolves when the replica has all that the primary has. */
  async function caughtUp(): Promise<void> {
    const [row] = await administer<{ position: string }[]>(
      primary.url,
      'SELECT @@gtid_binlog_pos AS position',
    );
    const [waited] = await administer<{ result: number }[]>(
      replica.url,
      `SELECT MASTER_GTID_WAIT('${row?.position ?? ''}', 30) AS result`,
    );
    expect(waited?.result, 'the replica follows').toBe(0);
  }

  async function failOver(): Promise<void> {
    await primary.kill();
    await administer(replica.url, 'STOP SLAVE');
    await administer(replica.url, 'RESET SLAVE ALL');
    target[0] = replica.port;
  }

  it('that has everything is an outage like any other: no number is skipped, watches go on', async () => {
    const [one, two] = stores as [Store, Store];
    const watching = collect(two, { after: 0, count: 2 });
    await create(one, taskKey('before'), 1);
    await caughtUp();
    await failOver();
    const after = await eventually(() => create(one, taskKey('after'), 2));
    expect(after.revision).toBe(2);
    expect((await watching).map(({ revision }) => revision)).toEqual([1, 2]);
  });

  it('that lacks the last commits loses those and nothing else, and every replica of the API agrees', async () => {
    const [one, two] = stores as [Store, Store];
    await create(one, taskKey('kept'), 1);
    await caughtUp();
    await administer(replica.url, 'STOP SLAVE IO_THREAD');
    for (let i = 0; i < 5; i++) await create(i % 2 === 0 ? one : two, taskKey(`lost-${i}`), i);
    const watching = stores.map((store) => collect(store, { after: 1, count: 100 }));
    for (const watch of watching) watch.catch(() => undefined);
    await failOver();
    const next = await eventually(() => create(two, taskKey('next'), 2));
    for (const watch of watching) await expect(watch).rejects.toMatchObject({ code: 'Compacted' });
    for (const store of stores) {
      const { revision, items } = await store.list({ resource: TASKS });
      expect(revision).toBe(next.revision);
      expect(items.map((item) => [item.key.name, valueOf(item)])).toEqual([
        ['kept', 1],
        ['next', 2],
      ]);
    }
    expect(next.revision, 'above all that anybody has seen').toBeGreaterThan(1_000_000);
  });
});

/** A client that repeats what was refused, as one does that was told when to come again. */
async function eventually(write: () => Promise<StoredObject>): Promise<StoredObject> {
  for (let attempts = 0; ; attempts++) {
    try {
      return await write();
    } catch (error) {
      const { code } = error as { code?: string };
      if (attempts === 100 || (code !== 'Unavailable' && code !== 'Diverged')) throw error;
      await new Promise(setImmediate);
    }
  }
}
