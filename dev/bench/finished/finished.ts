import path from 'node:path';
import { projectRoot } from '../../environment/cache-folder.ts';
import { startProcess } from '../../environment/process.ts';
import type { RunningProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import type { Figure } from '../load/figure.ts';
import { load, percentiles } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { atRest, cpuShare, quiet } from '../load/rest.ts';
import { instantExecutor, TASKS } from '../scheduling/instant-executor.ts';
import { createTask } from '../scheduling/teams.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { fillWith } from '../storage/filled-database.ts';
import { finishedOriginal } from './original.ts';

const COUNT = 100_000;
const PAGES = 50;
const NEW_TASKS = 100;
const READY_MS = 600_000;

interface Part {
  /** For people. */
  name: string;
  pid: number;
}

/**
 * What Tasks that have ended cost, which nobody deletes: one is run, and copied with its Sandbox into the database; then an API
 * and controllers start with all of them. The same with none of them is the floor.
 */
export async function measureFinished(count = COUNT): Promise<Figure[]> {
  await using folder = await temporaryFolder('finished');
  const database = { url: `sqlite:${path.join(folder.path, 'finished.db')}`, dataFolder: folder.path };
  const original = await finishedOriginal(database);
  const none = await measureStarted(database, 0);
  await fillWith(database, count, original.copy);
  return [...none, ...(await measureStarted(database, count))];
}

async function measureStarted(
  database: { url: string; dataFolder: string },
  count: number,
): Promise<Figure[]> {
  const among = `${count.toLocaleString('en')} finished Tasks`;
  const on = 'sqlite';
  const begun = performance.now();
  await using api = await apiUnderTest({ databaseUrl: database.url, dataFolder: database.dataFolder });
  const started = performance.now();
  await using controllers = await startControllers(database.dataFolder);
  const ready = performance.now();
  await quiet(api);
  const parts: Part[] = [
    { name: 'the API', pid: api.pid },
    { name: 'the controllers', pid: controllers.pid },
  ];
  await atRest(parts.map(({ pid }) => pid));
  const seconds = { 'the API': started - begun, 'the controllers': ready - started };
  const figures: Figure[] = [];
  for (const { name, pid } of parts) {
    const cpu = (await cpuMicroseconds(pid)) / 1e6;
    const value = `${((seconds[name as keyof typeof seconds] ?? 0) / 1000).toFixed(1)} s, ${cpu.toFixed(1)} s of cpu until all is quiet`;
    figures.push({ name: `${among}: start of ${name}`, on, value });
    figures.push({
      name: `${among}: memory of ${name}`,
      on,
      value: `${Math.round(await residentMiB(pid))} MiB`,
    });
  }
  const idle = await Promise.all(parts.map(({ pid }) => cpuShare(pid)));
  for (const [at, { name }] of parts.entries()) {
    const value = `${((idle[at] ?? 0) * 100).toFixed(1)} %`;
    figures.push({ name: `${among}: processor of ${name} while nothing changes`, on, value });
  }
  figures.push(...(await measurePages(api, among)), await measureNewTasks(api, { among, parts, count }));
  return figures;
}

async function startControllers(dataFolder: string): Promise<RunningProcess> {
  const kubeconfig = path.join(dataFolder, 'identities/kube-system/troupe-controllers/kubeconfig');
  const controllers = await startProcess({
    command: path.join(projectRoot, 'bin/troupe'),
    args: ['controllers', '--kubeconfig', kubeconfig, '--log-level', 'warn', '--health-address', 'none'],
  });
  const ready = (): boolean => controllers.output().includes('controllers ready');
  await controllers.until({ what: 'get ready', ready, timeoutMs: READY_MS });
  return controllers;
}

/** The first page, and one in the middle of a list that somebody reads to its end. */
async function measurePages(api: ApiUnderTest, among: string): Promise<Figure[]> {
  const page = await load({
    count: PAGES,
    concurrency: 1,
    call: () => api.call('GET', `${TASKS}?limit=500`),
  });
  const all = performance.now();
  let next = '';
  do {
    const text = await api.call('GET', `${TASKS}?limit=500&continue=${encodeURIComponent(next)}`);
    next = (JSON.parse(text) as { metadata: { continue?: string } }).metadata.continue ?? '';
  } while (next !== '');
  const seconds = (performance.now() - all) / 1000;
  const { p50Ms, p99Ms } = page;
  return [
    { name: `${among}: page of 500`, on: 'sqlite', value: `${p50Ms.toFixed(0)} ms`, p50Ms, p99Ms },
    { name: `${among}: all pages`, on: 'sqlite', value: `${seconds.toFixed(1)} s` },
  ];
}

interface Started {
  among: string;
  parts: readonly Part[];
  count: number;
}

/** One after the other, each from its creation until its run is bound. */
async function measureNewTasks(api: ApiUnderTest, { among, parts, count }: Started): Promise<Figure> {
  await using executor = await instantExecutor(api, 1000);
  const times: number[] = [];
  const pids = parts.map(({ pid }) => pid);
  const before = await cpuMicroseconds(...pids);
  for (let index = 0; index < NEW_TASKS; index += 1) {
    const { promise, resolve } = Promise.withResolvers<number>();
    executor.onRun = ({ boundAt }) => resolve(boundAt);
    const start = performance.now();
    await createTask(api, `new-${count}-${index}`, 'solo');
    times.push((await promise) - start);
  }
  const cpuUs = ((await cpuMicroseconds(...pids)) - before) / NEW_TASKS;
  const { p50Ms, p99Ms } = percentiles(times);
  const name = `${among}: a new one until its run is bound`;
  return { name, on: 'sqlite', value: `${p50Ms.toFixed(0)} ms`, p50Ms, p99Ms, cpuUs };
}
