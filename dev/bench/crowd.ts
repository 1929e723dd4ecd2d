import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startProcess } from '../environment/process.ts';
import { temporaryFolder } from '../environment/temporary-folder.ts';
import type { ApiUnderTest } from './api-under-test.ts';
import { CLIENTS } from './clients.ts';
import type { BenchDatabase } from './database.ts';
import type { Figure } from './figure.ts';
import { load } from './load.ts';
import { residentMiB } from './memory.ts';
import { sampleGhost } from './sample-object.ts';

const CROWDS = [0, 100, 1_000];
const COUNT = 2_000;

/**
 * Creates and gets while watches are open on the same collection, each of which is sent every event. The watches are
 * held by a process of their own (watch-holder.ts); with a thousand of them it needs more than the server does.
 */
export async function measureCrowds(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const watches of CROWDS) {
    // An empty one: a watch begins with all that is there.
    const name = `bench-crowd-${watches}`;
    await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const ghosts = `/apis/agent.wecode.io/v1/namespaces/${name}/ghosts`;
    const before = await residentMiB(api.pid);
    await using _holder = await holdWatches(api, ghosts, watches);
    const held = await residentMiB(api.pid);
    const named = (name: string): Pick<Figure, 'name' | 'on'> => ({
      name: `${name}, ${watches} watches`,
      on: database.name,
    });
    // Fewer where each event goes to a thousand.
    const count = watches >= 1_000 ? COUNT / 10 : COUNT;
    const create = (index: number): Promise<unknown> =>
      api.call('POST', ghosts, sampleGhost(`crowd-${index}`));
    const created = await load({ count, concurrency: CLIENTS, call: create, pid: api.pid });
    const got = await load({
      count: COUNT,
      concurrency: CLIENTS,
      pid: api.pid,
      call: () => api.call('GET', `${ghosts}/crowd-0`),
    });
    figures.push(
      {
        ...named('create'),
        value: `${Math.round(created.perSecond)}/s (${Math.round(created.perSecond * watches)} events/s)`,
        p50Ms: created.p50Ms,
        p99Ms: created.p99Ms,
        cpuUs: created.cpuUs,
      },
      {
        ...named('get'),
        value: `${Math.round(got.perSecond)}/s`,
        p50Ms: got.p50Ms,
        p99Ms: got.p99Ms,
        cpuUs: got.cpuUs,
      },
      { ...named('memory of idle watches'), value: `${(held - before).toFixed(1)} MiB` },
    );
  }
  return figures;
}

async function holdWatches(api: ApiUnderTest, collection: string, count: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  if (count > 0) {
    const folder = stack.use(await temporaryFolder('watches'));
    const access = path.join(folder.path, 'access.json');
    await writeFile(access, JSON.stringify(api.access), { mode: 0o600 });
    const holder = stack.use(
      await startProcess({
        command: process.execPath,
        args: [
          path.join(import.meta.dirname, 'watch-holder.ts'),
          access,
          `${collection}?watch=true&resourceVersion=0`,
          `${count}`,
        ],
      }),
    );
    await holder.until({
      what: 'open the watches',
      ready: () => holder.output().includes('open'),
      timeoutMs: 60_000,
    });
    await rm(access);
  }
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
