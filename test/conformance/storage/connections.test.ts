import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { MysqlConnections } from '#api/storage/mysql/connections';
import { MysqlTaskTables } from '#api/storage/mysql/mysql-task-tables';
import { sql } from '#api/storage/mysql/sql-text';
import { openStore } from '#api/storage/open-store';
import { SERVERS, administer, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';

/** Longer than any test runs. */
const FOREVER = sql`SELECT SLEEP(1000)`;

describe.each(SERVERS)('connections to %s', (flavour) => {
  let database: TestDatabase;
  let connections: MysqlConnections;

  beforeEach(async () => {
    database = await freshDatabase(flavour);
  });
  afterEach(async () => {
    await connections.close();
    await database[Symbol.asyncDispose]();
  });

  it('gives a connection up whose server does not answer in time', async () => {
    connections = new MysqlConnections(database.url, {
      connections: 2,
      statementTimeoutMs: 100,
      patienceMs: 1_000,
    });
    await expect(connections.read(FOREVER)).rejects.toMatchObject({ code: 'Unavailable' });
    expect(await connections.read(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  });

  it('does not read on in a snapshot that ended with an error', async () => {
    connections = new MysqlConnections(database.url, { connections: 2 });
    await administer(database.url, 'CREATE TABLE t (id INT)');
    const broken = connections.readSnapshot([sql`SELECT COUNT(*) AS n FROM t`, sql`SELECT wrong FROM t`]);
    await expect(broken).rejects.toMatchObject({ errno: 1054 });
    await administer(database.url, 'INSERT INTO t VALUES (1)');
    expect(await connections.read(sql`SELECT COUNT(*) AS n FROM t`)).toEqual([{ n: 1 }]);
  });

  it('refuses an event that fits no packet before the server would close the connection', async () => {
    await (await database.open()).close();
    connections = new MysqlConnections(database.url, { packetBytes: 20_000, connections: 2 });
    const append = (length: number) =>
      new MysqlTaskTables(connections).appendTaskEvents([
        {
          source: 's',
          taskUID: 'u',
          events: [
            {
              sourceSeq: 1,
              time: '2026-01-02T03:04:05.000006Z',
              type: 'text',
              data: JSON.stringify({ text: 'x'.repeat(length) }),
            },
          ],
        },
      ]);
    await expect(append(20_000)).rejects.toMatchObject({ code: 'TooLarge' });
    expect(await append(5_000)).toMatchObject([{ ok: true }]);
  });

  it('needs no rights beyond those on its database, and nothing of how the server was set up', async () => {
    const name = new URL(database.url).pathname.slice(1);
    const user = `${name}_user`;
    const rights = 'ALTER, CREATE, DELETE, DROP, INDEX, INSERT, REFERENCES, SELECT, UPDATE';
    await administer(database.url, `CREATE USER '${user}'@'%' IDENTIFIED BY 'secret'`);
    await administer(database.url, `GRANT ${rights} ON ${name}.* TO '${user}'@'%'`);
    const url = new URL(database.url);
    [url.username, url.password] = [user, 'secret'];
    connections = new MysqlConnections(url.href);
    try {
      const store = await openStore({ url: url.href, logger: silentLogger });
      await store.check();
      await store.close();
      const [session] = await connections.read(sql`SELECT @@session.autocommit AS autocommit,
        @@session.sql_mode AS mode, @@session.character_set_client AS names`);
      expect(session).toEqual({
        autocommit: 1,
        mode: expect.stringMatching(/^(?!.*BACKSLASH).*STRICT_ALL_TABLES/) as string,
        names: 'utf8mb4',
      });
    } finally {
      await administer(database.url, `DROP USER '${user}'@'%'`);
    }
  });

  it('replaces the connection that commits after an error, and keeps the new one', async () => {
    connections = new MysqlConnections(database.url);
    const idOf = (): Promise<number> =>
      connections.commit(async (session) => {
        const [rows] = (await session.query([sql`SELECT CONNECTION_ID() AS id`])) as [[{ id: number }]];
        await session.finish([]);
        return rows[0].id;
      });
    const first = await idOf();
    const broken = connections.commit((session) => session.query([sql`SELECT wrong`]));
    await expect(broken).rejects.toMatchObject({ errno: 1054 });
    const second = await idOf();
    expect(second).not.toBe(first);
    expect(await idOf()).toBe(second);
  });
});
