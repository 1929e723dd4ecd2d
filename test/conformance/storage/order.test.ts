import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import type { StorageError } from '#api/storage/contract/storage-error';
import { startCommitProxy } from '../../kit/commit-proxy.ts';
import { TEST_LENGTH, noteFigures, seeded } from '../../kit/seeded.ts';
import { findInconsistencies } from '../../kit/store-consistency.ts';
import { readLog } from '../../kit/store-tables.ts';
import { findWatchFaults } from '../../kit/watch-order.ts';
import type { Told } from '../../kit/watch-order.ts';
import { Cluster } from './cluster.ts';
import { SERVERS, freshDatabase } from './databases.ts';
import {
  cutConnections,
  deadlocks,
  holdCommit,
  killReplica,
  pauseReplica,
  provokeDeadlock,
} from './disturbances.ts';
import { LogWatcher } from './log-watcher.ts';
import { RecordedClients } from './recorded-clients.ts';
import type { Replica } from './replica.ts';
import { judgeTrial } from './trial.ts';

const RESOURCE = 'things';
const ROUNDS = 4 * TEST_LENGTH;
const HELD_ENDS = ['cutAfter', 'killReplica', 'cutBefore', 'release'] as const;
const TROUBLES = [killReplica, cutConnections, pauseReplica];

/** A transaction must not be missed while others commit before it, and revisions must be told in the order of commits. */
describe.each(SERVERS)('watchers on three replicas on %s', (server) => {
  it(
    'see each revision once and in order, whatever becomes of the writers',
    { timeout: 60_000 * TEST_LENGTH },
    async () => {
      await using database = await freshDatabase(server);
      const { url } = database;
      await using proxy = await startCommitProxy(url);
      await using cluster = await Cluster.start([{ url: proxy.url }, { url }, { url }]);
      const watchers = cluster.places.map((place) => new LogWatcher({ cluster, place, resource: RESOURCE }));
      const random = seeded('order');
      const clients = new RecordedClients({
        choose: () => cluster.at(random.pick(cluster.places)),
        resource: RESOURCE,
        names: Array.from({ length: 8 }, (_, i) => `thing-${i}`),
        count: 12,
        random,
      });
      const disturbed = { url, cluster, clients, random };
      const deadlocksBefore = await deadlocks(url);
      for (let round = 0; round < ROUNDS; round++) {
        await holdCommit(proxy, disturbed, HELD_ENDS[round % HELD_ENDS.length]!);
        await clients.wrote(20);
        await provokeDeadlock(disturbed);
        await clients.wrote(20);
        await TROUBLES[round % TROUBLES.length]!(disturbed);
        await clients.wrote(20);
      }
      await clients.stop();
      const { revision } = await (await cluster.at(1)).list({ resource: RESOURCE });
      await Promise.all(watchers.map((watcher) => watcher.reached(revision)));
      watchers.forEach((watcher) => watcher.stop());
      expect(
        watchers.map(({ spans }) => spans.length),
        'no watcher had to list anew',
      ).toEqual([1, 1, 1]);
      noteFigures('order', { rounds: ROUNDS, revision, operations: clients.history.length });
      expect(await judgeTrial(clients, { url, resource: RESOURCE, watchers })).toEqual([]);
      expect(await deadlocks(url)).toBeGreaterThan(deadlocksBefore);
    },
  );
});

/** So that a host that vanishes, and those that wait for it, are told soon. */
const IMPATIENT = { idleSeconds: 3, lockWaitSeconds: 1 };

describe('a host that vanishes in the middle of a commit', () => {
  it('stops the other replicas for seconds only, and its write is refused or happens once when it is back', async () => {
    await using database = await freshDatabase('mariadb');
    const { url } = database;
    await using proxy = await startCommitProxy(url);
    await using cluster = await Cluster.start([
      { url: proxy.url, mysql: IMPATIENT },
      { url, mysql: IMPATIENT },
    ]);
    const [vanishing, other] = await Promise.all([cluster.at(0), cluster.at(1)]);
    const held = proxy.hold();
    const mutation = { op: 'create', expectedRevision: 0 } as const;
    const key = { resource: RESOURCE, namespace: '', name: 'held' };
    const heldWrite = vanishing.commit({ mutation: { ...mutation, key }, value: 'held' });
    // Too late for an answer, perhaps, by its own clock.
    const outcome = heldWrite.catch((error: unknown) => (error as StorageError).code);
    const { release } = await held;
    // Its connection stays open: nobody tells the database that it is gone.
    vanishing.pause();
    const revision = await untilWritten(other, 'other');
    expect(await other.get(key)).toBeUndefined();
    vanishing.resume();
    release();
    const told = await outcome;
    const log = (await readLog(url, RESOURCE)).map(({ name }) => name);
    if (told === 'OutcomeUnknown') expect([['other'], ['other', 'held']]).toContainEqual(log);
    else expect([told, log]).toEqual([revision + 1, ['other', 'held']]);
    expect(await vanishing.get(key)).toEqual(await other.get(key));
    expect(await findInconsistencies(url)).toEqual([]);
  });
});

/** Tries as clients do while they are told that the database refuses for now, which each try waits some seconds for. */
async function untilWritten(replica: Replica, name: string): Promise<number> {
  const key = { resource: RESOURCE, namespace: '', name };
  for (let tries = 1; ; tries++) {
    try {
      return await replica.commit({ mutation: { op: 'create', key, expectedRevision: 0 }, value: name });
    } catch (error) {
      expect(error).toMatchObject({ code: 'Unavailable' });
      if (tries === 8) throw error;
    }
  }
}

/** The judge can fail: what the literature's simplest log does is caught by it. */
describe.each(SERVERS)('a log with ids that %s gives out', (server) => {
  it('loses what was held open while later ones were committed', async () => {
    await using database = await freshDatabase(server);
    const connect = () => createConnection(database.url);
    const [holder, writer, reader] = await Promise.all([connect(), connect(), connect()]);
    try {
      await writer.query('CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, text VARCHAR(40) NOT NULL)');
      const insert = (text: string) => `INSERT INTO log (text) VALUES ('${text}')`;
      const read = async (after: number): Promise<Told[]> => {
        const [rows] = await reader.query(
          `SELECT id AS revision, text FROM log WHERE id > ${after} ORDER BY id`,
        );
        return rows as Told[];
      };
      const told: Told[] = [];
      const look = async () => told.push(...(await read(told.at(-1)?.revision ?? 0)));
      await holder.query('START TRANSACTION');
      await holder.query(insert('held open'));
      await writer.query(insert('later'));
      await look();
      await holder.query('COMMIT');
      await writer.query(insert('last'));
      await look();
      expect(findWatchFaults(told, await read(0))).toEqual(['1 was lost: held open']);
    } finally {
      for (const connection of [holder, writer, reader]) connection.destroy();
    }
  });
});
