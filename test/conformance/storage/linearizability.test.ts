import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findDisorder, findNonLinearizable } from '../../kit/object-history.ts';
import { TEST_LENGTH, noteFigures, seeded } from '../../kit/seeded.ts';
import { Cluster } from './cluster.ts';
import { freshDatabase } from './databases.ts';
import type { TestDatabase } from './databases.ts';
import { cutConnections, killReplica, pauseReplica } from './disturbances.ts';
import { LogWatcher } from './log-watcher.ts';
import { RecordedClients } from './recorded-clients.ts';
import type { Served } from './recorded-clients.ts';
import type { Replica } from './replica.ts';
import { judgeTrial } from './trial.ts';

const TROUBLES = [killReplica, pauseReplica, cutConnections];
const ROUNDS = 3 * TEST_LENGTH;

/** Few objects, and clients that go from replica to replica with every request. */
describe('three replicas', { timeout: 60_000 * TEST_LENGTH }, () => {
  let database: TestDatabase;
  let cluster: Cluster;

  beforeAll(async () => {
    database = await freshDatabase('mariadb');
    // What is read fresh is fresh because the read asks for it, not because memory happened to be told.
    const options = { url: database.url, store: { pollMs: 500 } };
    cluster = await Cluster.start([options, options, options]);
  });
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  function start(resource: string, serve: (replica: Replica) => Served): RecordedClients {
    const random = seeded(resource);
    return new RecordedClients({
      choose: async () => serve(await cluster.at(random.pick(cluster.places))),
      resource,
      names: ['x', 'y', 'z'],
      count: 9,
      random,
    });
  }

  it('are one store, while they die, stand still and lose their connections', async () => {
    const resource = 'shared';
    const watchers = cluster.places.map((place) => new LogWatcher({ cluster, place, resource }));
    const clients = start(resource, (replica) => replica);
    const disturbed = { url: database.url, cluster, clients, random: seeded('disturbances') };
    for (let round = 0; round < ROUNDS; round++) {
      await clients.wrote(50);
      await TROUBLES[round % TROUBLES.length]!(disturbed);
    }
    await clients.wrote(50);
    await clients.stop();
    const { revision } = await (await cluster.at(0)).list({ resource });
    await Promise.all(watchers.map((watcher) => watcher.reached(revision)));
    watchers.forEach((watcher) => watcher.stop());
    expect(
      watchers.map(({ spans }) => spans.length),
      'no watcher had to list anew',
    ).toEqual([1, 1, 1]);
    expect(await judgeTrial(clients, { url: database.url, resource, watchers })).toEqual([]);
    const unknown = clients.history.filter(({ action }) => action.answer.is === 'unknown').length;
    noteFigures('linearizability', {
      rounds: ROUNDS,
      revision,
      operations: clients.history.length,
      unknown,
    });
  });

  it('would be caught at reads out of a memory that may be behind', async () => {
    const clients = start('stale', (replica) => ({
      commit: (request) => replica.commit(request),
      get: async ({ resource, namespace, name }) =>
        (await replica.list({ resource, namespace, name, minRevision: 0 })).items[0],
      list: ({ resource }) => replica.list({ resource, minRevision: 0 }),
    }));
    await clients.wrote(100);
    await clients.stop();
    expect(findNonLinearizable(clients.history)).not.toEqual([]);
    expect(findDisorder(clients.marks)).not.toEqual([]);
  });

  it('would be caught at updates that look at no revision', async () => {
    const clients = start('overwritten', (replica) => ({
      get: (key) => replica.get(key),
      list: (query) => replica.list(query),
      async commit({ mutation, ...rest }) {
        const { op, key } = mutation;
        const expectedRevision = (await replica.get(key))?.revision ?? 0;
        const newest = op === 'update' ? { op, key, expectedRevision } : mutation;
        return replica.commit({ mutation: newest, ...rest });
      },
    }));
    await clients.wrote(100);
    await clients.stop();
    expect(findNonLinearizable(clients.history)).not.toEqual([]);
  });
});
