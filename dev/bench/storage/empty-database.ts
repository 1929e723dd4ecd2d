import { randomBytes } from 'node:crypto';
import mysqlClient from 'mysql2/promise';

/** A new database on the server, dropped afterwards: the server may be somebody's. */
export async function emptyDatabase(serverUrl: string): Promise<{ url: string } & AsyncDisposable> {
  const name = `troupe_bench_${randomBytes(4).toString('hex')}`;
  const execute = async (sql: string): Promise<void> => {
    const connection = await mysqlClient.createConnection(serverUrl);
    await connection.query(sql);
    await connection.end();
  };
  await execute(`CREATE DATABASE ${name}`);
  const own = new URL(serverUrl);
  own.pathname = `/${name}`;
  return { url: own.href, [Symbol.asyncDispose]: () => execute(`DROP DATABASE ${name}`) };
}
