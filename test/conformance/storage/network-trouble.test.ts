import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MysqlConnections } from '#api/storage/mysql/connections';
import type { MysqlLimits } from '#api/storage/mysql/connections';
import { sql } from '#api/storage/mysql/sql-text';
import { tcpProxy } from '../../kit/tcp-proxy.ts';
import type { TcpProxy } from '../../kit/tcp-proxy.ts';
import { SERVERS, administer, freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';

const ONE = sql`SELECT 1 AS one`;

/** What a network does to packets between us and a server that is well. */
describe.each(SERVERS)('a bad network before %s', (flavour) => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let connections: MysqlConnections;

  beforeEach(async () => {
    database = await freshDatabase(flavour);
    const url = new URL(database.url);
    proxy = await tcpProxy(Number(url.port));
    await administer(database.url, 'CREATE TABLE t (id INT PRIMARY KEY, n INT)');
    await administer(database.url, 'INSERT INTO t VALUES (1, 0)');
  });
  afterEach(async () => {
    await connections.close();
    await proxy[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  function connect(limits: MysqlLimits): MysqlConnections {
    const url = new URL(database.url);
    url.port = String(proxy.port);
    connections = new MysqlConnections(url.href, limits);
    return connections;
  }

  const increment = (onLocked?: () => void): Promise<{ n: number; mayHaveCommitted: boolean }> =>
    connections.commit(async (session, mayHaveCommitted) => {
      const [, rows] = await session.query([
        sql`START TRANSACTION`,
        sql`SELECT n FROM t WHERE id = 1 FOR UPDATE`,
      ]);
      onLocked?.();
      onLocked = undefined;
      const n = (rows as [{ n: number }])[0].n + 1;
      await session.finish([sql`UPDATE t SET n = ${n} WHERE id = 1`]);
      return { n, mayHaveCommitted };
    });

  it('that swallows a commit does not leave its lock behind: the next connection ends that session', async () => {
    connect({ statementTimeoutMs: 300, patienceMs: 10_000 });
    // The server waits for COMMIT, holds the lock, and will not hear that we are gone.
    const committed = await increment(() => proxy.stall());
    expect(committed).toEqual({ n: 1, mayHaveCommitted: true });
    const rows = await administer<{ id: number }[]>(
      database.url,
      `SELECT id AS id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
    );
    expect(rows, 'the connection that commits').toHaveLength(1);
  });

  it('that stalls connections costs those that are used; the next read opens another', async () => {
    connect({ statementTimeoutMs: 300, patienceMs: 10_000 });
    expect(await connections.read(ONE)).toEqual([{ one: 1 }]);
    proxy.stall();
    expect(await connections.read(ONE)).toEqual([{ one: 1 }]);
  });

  it('that cuts connections in the middle of a commit has it run again', async () => {
    connect({ patienceMs: 10_000 });
    expect(await increment(() => proxy.cut())).toMatchObject({ n: 1 });
    expect(await increment()).toEqual({ n: 2, mayHaveCommitted: false });
  });

  it('that swallows new connections is given up in time, and is used again when it is well', async () => {
    connect({ patienceMs: 200 });
    proxy.swallow(true);
    const asked = await Promise.allSettled([connections.read(ONE), increment()]);
    for (const result of asked) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'Unavailable' } });
    }
    proxy.swallow(false);
    while ((await connections.read(ONE).catch(() => 'away')) === 'away');
  });

  it('lets at most as many connections through as were asked for, whatever waits', async () => {
    connect({ connections: 4 });
    const reads = Array.from({ length: 50 }, () => connections.read(sql`SELECT SLEEP(0.02) AS slept`));
    const most = await administer<{ n: number }[]>(
      database.url,
      `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
    );
    await Promise.all([...reads, increment()]);
    const after = await administer<{ n: number }[]>(
      database.url,
      `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()`,
    );
    expect(most[0]?.n).toBeLessThanOrEqual(4);
    expect(after[0]?.n, 'three that read, one that commits').toBe(4);
  });

  it('refuses what waits beyond reason', async () => {
    connect({ connections: 2, waiting: 20, patienceMs: 500, statementTimeoutMs: 500 });
    const reads = await Promise.allSettled(
      Array.from({ length: 50 }, () => connections.read(sql`SELECT SLEEP(10) AS slept`)),
    );
    const texts = reads.map((result) => (result.status === 'rejected' ? String(result.reason) : 'done'));
    expect(texts.filter((text) => text.includes('too many requests wait')).length).toBe(30);
    expect(texts).not.toContain('done');
  });
});
