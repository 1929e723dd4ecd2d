import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { CLIENTS } from '../load/clients.ts';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { sampleGhost } from '../load/sample-object.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';

const CROWDS = [0, 10, 100, 1_000];
const COUNT = 2_000;
const IDLE_MS = 4_000;

/**
 * Creates and gets while watches are open on the same collection, each of which is sent every event. The watches are
 * held by a process of their own (watch-holder.ts); with a thousand of them it needs more than the server does.
 */
export async function measureCrowds(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  const figures: Figure[] = [];
  let alone = 0;
  for (const watches of CROWDS) {
    const ghosts = await newCollection(api, `bench-crowd-${watches}`);
    const before = await residentMiB(api.pid);
    await using _holder = await holdWatches(api, `${ghosts}?watch=true&resourceVersion=0`, watches);
    const kibibytes = ((await residentMiB(api.pid)) - before) * 1024;
    const idle = await idleCpu(api.pid);
    const { creates, gets } = await measureBeside(api, ghosts, watches);
    if (watches === 0) alone = creates.cpuUs ?? 0;
    const crowd = `${watches} watches`;
    const figure = (name: string, rest: Omit<Figure, 'name' | 'on'>): Figure => ({
      name: `${name}, ${crowd}`,
      on: database.name,
      ...rest,
    });
    figures.push(
      figure('create', { ...creates, value: rate(creates.perSecond) }),
      figure('get', { ...gets, value: rate(gets.perSecond) }),
    );
    if (watches === 0) continue;
    const perEvent = ((creates.cpuUs ?? 0) - alone) / watches;
    figures.push(
      figure('an event to one', { value: rate(creates.perSecond * watches), cpuUs: perEvent }),
      figure('idle', {
        value: `${(kibibytes / watches).toFixed(0)} KiB each, ${(idle / 1000).toFixed(1)} ms of cpu a second together`,
      }),
    );
  }
  return [...figures, await measureOthers(api, database)];
}

/** Watches of another object of the collection: an event is not for them. */
async function measureOthers(api: ApiUnderTest, database: BenchDatabase): Promise<Figure> {
  const watches = CROWDS.at(-1) ?? 0;
  const ghosts = await newCollection(api, 'bench-crowd-others');
  const query = 'watch=true&resourceVersion=0&fieldSelector=metadata.name%3Dother';
  await using _holder = await holdWatches(api, `${ghosts}?${query}`, watches);
  const { creates } = await measureBeside(api, ghosts, 0);
  return {
    ...creates,
    name: `create beside ${watches} watches of another`,
    on: database.name,
    value: rate(creates.perSecond),
  };
}

async function measureBeside(
  api: ApiUnderTest,
  ghosts: string,
  watches: number,
): Promise<{ creates: Load; gets: Load }> {
  const options = { concurrency: CLIENTS, pid: api.pid };
  const create = (index: number): Promise<unknown> => api.call('POST', ghosts, sampleGhost(`crowd-${index}`));
  // Fewer where each event goes to a thousand.
  const creates = await load({ ...options, count: watches >= 1_000 ? COUNT / 5 : COUNT, call: create });
  const get = (): Promise<unknown> => api.call('GET', `${ghosts}/crowd-0`);
  return { creates, gets: await load({ ...options, count: COUNT, call: get }) };
}

/** An empty one: a watch begins with all that is there. */
async function newCollection(api: ApiUnderTest, name: string): Promise<string> {
  await api.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return `/apis/agent.wecode.io/v1/namespaces/${name}/ghosts`;
}

/** Microseconds of processor time a second while nobody asks for anything. */
async function idleCpu(pid: number): Promise<number> {
  const before = await cpuMicroseconds(pid);
  await delay(IDLE_MS);
  return ((await cpuMicroseconds(pid)) - before) / (IDLE_MS / 1000);
}

async function holdWatches(api: ApiUnderTest, watched: string, count: number): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  if (count > 0) {
    const folder = stack.use(await temporaryFolder('watches'));
    const access = path.join(folder.path, 'access.json');
    await writeFile(access, JSON.stringify(api.access), { mode: 0o600 });
    const holder = stack.use(
      await startProcess({
        command: process.execPath,
        args: [path.join(import.meta.dirname, '../load/watch-holder.ts'), access, watched, `${count}`],
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
