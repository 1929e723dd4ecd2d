import { describe, expect, it } from 'vitest';
import { databaseServer } from '#dev/environment/databases/database-server';
import { TEST_LENGTH, noteFigures, seeded } from '../../kit/seeded.ts';
import { readStoreTables } from '../../kit/store-tables.ts';
import { Cluster } from './cluster.ts';
import { SERVERS, freshDatabase } from './databases.ts';
import { LogWatcher } from './log-watcher.ts';
import { RecordedAppends } from './recorded-appends.ts';
import { RecordedClients } from './recorded-clients.ts';
import { judgeTrial } from './trial.ts';

const RESOURCE = 'things';
const ROUNDS = 2 * TEST_LENGTH;

/** A crash may come at any moment: what was acknowledged is there afterwards, and everything else wholly or not at all. */
describe('a crash in the middle of many writes', { timeout: 120_000 * TEST_LENGTH }, () => {
  it.each(SERVERS)('of the server of %s', async (flavour) => {
    await using server = await databaseServer({ flavour, durable: true });
    const { url } = server;
    await using cluster = await Cluster.start([{ url }, { url }]);
    const run = startRun(cluster, flavour);
    for (let round = 0; round < ROUNDS; round++) {
      await run.clients.wrote(30 + run.random.below(30));
      await server.kill();
      await server.start();
    }
    await run.clients.wrote(30);
    await run.stop();
    expect(await run.judge(url)).toEqual([]);
  });

  it('of the only replica on SQLite', async () => {
    await using database = await freshDatabase('sqlite');
    const { url } = database;
    await using cluster = await Cluster.start([{ url }]);
    const run = startRun(cluster, 'sqlite');
    for (let round = 0; round < ROUNDS; round++) {
      await run.clients.wrote(50 + run.random.below(50));
      await cluster.replace(0);
    }
    await run.clients.wrote(30);
    await run.stop();
    await (await cluster.at(0)).kill();
    expect(await run.judge(url)).toEqual([]);
  });
});

function startRun(cluster: Cluster, name: string) {
  const random = seeded(`crash ${name}`);
  const clients = new RecordedClients({
    choose: () => cluster.at(random.pick(cluster.places)),
    resource: RESOURCE,
    names: Array.from({ length: 5 }, (_, i) => `thing-${i}`),
    count: 10,
    random,
  });
  const appends = new RecordedAppends(cluster, random);
  const watchers = cluster.places.map((place) => new LogWatcher({ cluster, place, resource: RESOURCE }));
  return {
    clients,
    random,
    /** Resolves when nothing is under way and every watcher was told of everything. */
    async stop() {
      await clients.stop();
      await appends.stop();
      const { revision } = await (await cluster.at(0)).list({ resource: RESOURCE });
      await Promise.all(watchers.map((watcher) => watcher.reached(revision)));
      watchers.forEach((watcher) => watcher.stop());
      const operations = clients.history.length;
      const lists = watchers.map(({ spans }) => spans.length - 1).join(' ');
      noteFigures(`crash ${name}, lists anew ${lists}`, { revision, operations, events: appends.events });
    },
    async judge(url: string): Promise<string[]> {
      const faults = await judgeTrial(clients, { url, resource: RESOURCE, watchers });
      return [...faults, ...appends.findLost(await readStoreTables(url))];
    },
  };
}
