import { CLIENTS } from '../load/clients.ts';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import type { Figure } from '../load/figure.ts';
import { load, percentiles } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import type { BenchDatabase } from '../storage/database.ts';
import { fourWrites } from './four-writes.ts';
import { instantExecutor, TASKS } from './instant-executor.ts';
import type { InstantExecutor, Run } from './instant-executor.ts';
import { cpuShare, quiet } from '../load/rest.ts';
import { applyTeam, createTask } from './teams.ts';

/** A figure but for the database. */
type Measured = Omit<Figure, 'on'>;

const SIZE = { tasks: 1000, pipelines: 40, steps: 5, pending: 10_000, freed: 50 };

/**
 * Tasks with agents that are done at once, in an all-in-one server: how many in a minute, from the end of one step
 * until the next is bound, and what `pending` that wait cost.
 */
export async function measureScheduling(
  { name: on, url }: BenchDatabase,
  pending = SIZE.pending,
): Promise<Figure[]> {
  const command = ['server', '--driver', 'process'];
  await using api = await apiUnderTest({ command, ...(url === undefined ? {} : { databaseUrl: url }) });
  await using executor = await instantExecutor(api, 1000);
  await applyTeam(api, 'solo', 1);
  await applyTeam(api, 'pipeline', SIZE.steps);
  const figures = [
    await tasksPerMinute(api, executor),
    await betweenSteps(api, executor),
    ...(await pendingTasks(api, executor, pending)),
  ];
  return figures.map((figure) => Object.assign(figure, { on }));
}

async function tasksPerMinute(api: ApiUnderTest, executor: InstantExecutor): Promise<Measured> {
  const all = runsOf(executor, SIZE.tasks);
  const start = performance.now();
  const cpu = await cpuMicroseconds(api.pid);
  await load({
    count: SIZE.tasks,
    concurrency: CLIENTS,
    call: (index) => createTask(api, `solo-${index}`, 'solo'),
  });
  await all;
  const minutes = (performance.now() - start) / 60_000;
  return {
    ...{ name: `Tasks with instant agents, ${SIZE.tasks} at once` },
    value: `${Math.round(SIZE.tasks / minutes)}/min`,
    cpuUs: ((await cpuMicroseconds(api.pid)) - cpu) / SIZE.tasks,
  };
}

/** Resolves with the next `count` runs. */
function runsOf(executor: InstantExecutor, count: number): Promise<Run[]> {
  const { promise, resolve } = Promise.withResolvers<Run[]>();
  const runs: Run[] = [];
  executor.onRun = (run) => {
    runs.push(run);
    if (runs.length === count) resolve(runs);
  };
  return promise;
}

async function betweenSteps(api: ApiUnderTest, executor: InstantExecutor): Promise<Measured> {
  const gaps: number[] = [];
  for (let index = 0; index < SIZE.pipelines; index += 1) {
    const all = runsOf(executor, SIZE.steps);
    await createTask(api, `pipeline-${index}`, 'pipeline');
    const runs = (await all).toSorted((a, b) => a.step - b.step);
    gaps.push(...gapsBetween(runs));
  }
  const least = percentiles(await fourWrites(api));
  const ours = percentiles(gaps);
  return {
    ...{ name: 'from the end of a step to the next one bound', ...ours },
    value: `${ours.p50Ms.toFixed(1)} ms`,
    floor: `four writes one after the other p50 ${least.p50Ms.toFixed(1)} ms`,
    ratio: ours.p50Ms / least.p50Ms,
  };
}

/** Milliseconds from the end of each run until the next one is bound. */
function gapsBetween(runs: readonly Run[]): number[] {
  return runs.slice(1).map(({ boundAt }, at) => boundAt - (runs[at]?.endedAt ?? boundAt));
}

async function pendingTasks(
  api: ApiUnderTest,
  executor: InstantExecutor,
  pending: number,
): Promise<Measured[]> {
  await executor.setCapacity(0);
  const before = await residentMiB(api.pid);
  await load({
    count: pending,
    concurrency: CLIENTS,
    call: (index) => createTask(api, `pending-${index}`, 'solo'),
  });
  await quiet(api);
  const idle = await cpuShare(api.pid);
  const memory = ((await residentMiB(api.pid)) - before) * 1024;
  const page = await load({ count: 50, concurrency: 1, call: () => api.call('GET', `${TASKS}?limit=500`) });
  const what = `${pending.toLocaleString('en')} Tasks that wait`;
  return [
    { name: `${what}: processor while nothing changes`, value: `${(idle * 100).toFixed(1)} %` },
    { name: `${what}: memory of each`, value: `${(memory / pending).toFixed(1)} KiB` },
    {
      name: `${what}: page of 500`,
      value: `${page.p50Ms.toFixed(0)} ms`,
      p50Ms: page.p50Ms,
      p99Ms: page.p99Ms,
    },
    await freedPlaces(api, executor, what),
  ];
}

/** One place, which becomes free again and again: until the next Sandbox has it. */
async function freedPlaces(api: ApiUnderTest, executor: InstantExecutor, among: string): Promise<Measured> {
  const all = runsOf(executor, SIZE.freed);
  const cpu = await cpuMicroseconds(api.pid);
  await executor.setCapacity(1);
  const runs = (await all).toSorted((a, b) => a.boundAt - b.boundAt);
  const cpuUs = ((await cpuMicroseconds(api.pid)) - cpu) / SIZE.freed;
  await executor.setCapacity(0);
  const times = percentiles(gapsBetween(runs));
  const name = `a place becomes free among ${among}: until the next one is bound`;
  return { name, value: `${times.p50Ms.toFixed(1)} ms`, ...times, cpuUs };
}
