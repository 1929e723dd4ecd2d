import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import type { Connection } from 'mysql2/promise';
import type { CommitProxy, HeldCommit } from '../../kit/commit-proxy.ts';
import type { Random } from '#dev/random';
import type { Cluster } from './cluster.ts';
import type { RecordedClients } from './recorded-clients.ts';

export interface Disturbed {
  url: string;
  cluster: Cluster;
  clients: RecordedClients;
  random: Random;
}

/** The place of the replica whose connections go through the proxy. */
const BEHIND_PROXY = 0;

/** A replica that stands still is let go after so much time at the latest: others may have to wait for what it holds. */
const STANDSTILL_MS = 300;

/** Ends a replica in the middle of whatever it does, and starts another one. */
export async function killReplica({ cluster, random }: Disturbed): Promise<void> {
  await cluster.replace(random.pick(cluster.places));
}

/** Stops a replica, perhaps with the revision counter locked, while the others go on or wait for it. */
export async function pauseReplica({ cluster, clients, random }: Disturbed): Promise<void> {
  const replica = await cluster.at(random.pick(cluster.places));
  replica.pause();
  await Promise.race([clients.wrote(30), delay(STANDSTILL_MS)]);
  replica.resume();
}

/** Ends every connection to the database, whatever it is doing. */
export async function cutConnections({ url }: Disturbed): Promise<void> {
  await using own = await connected(url);
  const [rows] = await own.connection.query(
    'SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()',
  );
  for (const { id } of rows as { id: number }[]) {
    // It may have gone by itself meanwhile.
    await own.connection.query(`KILL CONNECTION ${id}`).catch(() => undefined);
  }
}

/** Takes what a commit needs in the other order, and is too heavy to be the one that the database rolls back. */
export async function provokeDeadlock({ url }: Disturbed): Promise<void> {
  await using own = await connected(url);
  const { connection } = own;
  await connection.query('CREATE TABLE IF NOT EXISTS ballast (id INT AUTO_INCREMENT PRIMARY KEY)');
  await connection.query('START TRANSACTION');
  await connection.query(`INSERT INTO ballast VALUES ${'(),'.repeat(500)}()`);
  await connection.query('SELECT * FROM objects FOR UPDATE');
  await untilWaiting(url);
  await connection.query('SELECT * FROM revision_counter FOR UPDATE');
  await connection.query('ROLLBACK');
}

/** Holds a commit of the replica behind the proxy between its two packets until another one waits for it. */
export async function holdCommit(
  proxy: CommitProxy,
  { url, cluster }: Disturbed,
  end: keyof HeldCommit | 'killReplica',
): Promise<void> {
  const held = await proxy.hold();
  await untilWaiting(url);
  if (end === 'killReplica') await cluster.replace(BEHIND_PROXY);
  else await held[end]();
}

/** Resolves when a transaction waits for a lock. Not out of innodb_trx, which stays as it was while it is read often. */
async function untilWaiting(url: string): Promise<void> {
  await using own = await connected(url);
  for (;;) {
    const [rows] = await own.connection.query("SHOW GLOBAL STATUS LIKE 'innodb_row_lock_current_waits'");
    if (Number((rows as [{ Value: string }])[0].Value) > 0) return;
  }
}

/** Transactions that the server rolled back because they waited for each other, since it started. */
export async function deadlocks(url: string): Promise<number> {
  await using own = await connected(url);
  const [rows] = await own.connection.query(
    "SELECT count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'",
  );
  return (rows as [{ count: number }])[0].count;
}

async function connected(url: string): Promise<{ connection: Connection } & AsyncDisposable> {
  const connection = await createConnection(url);
  return {
    connection,
    async [Symbol.asyncDispose]() {
      connection.destroy();
    },
  };
}
