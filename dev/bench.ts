import { parseArgs } from 'node:util';
import { measureAttacks } from './bench/access/attacks.ts';
import { measureAudit } from './bench/access/audit.ts';
import { measureAuthentication } from './bench/access/authentication.ts';
import { measureAuthorization } from './bench/access/authorization.ts';
import { measureMasks } from './bench/access/masks.ts';
import { measureChanges } from './bench/api/change.ts';
import { measureCreate } from './bench/api/create.ts';
import { measureCrowds } from './bench/api/crowd.ts';
import { measureGet } from './bench/api/get.ts';
import { measureList } from './bench/api/list.ts';
import { measureManyObjects } from './bench/api/many-objects.ts';
import { measureMemory } from './bench/api/memory.ts';
import { measureWatch } from './bench/api/watch.ts';
import { measureFinished } from './bench/finished/finished.ts';
import { formatLine, formatTable } from './bench/load/figure.ts';
import type { Figure } from './bench/load/figure.ts';
import { measureConversations } from './bench/runs/conversations.ts';
import { measureExecutors } from './bench/runs/executors.ts';
import { measureFollowers } from './bench/runs/followers.ts';
import { measureForwarder } from './bench/runs/forwarder.ts';
import { measureSteps } from './bench/runs/steps.ts';
import { measurePodStart } from './bench/runs/pod-start.ts';
import { measureTaskStart } from './bench/runs/task-start.ts';
import { measureScheduling } from './bench/scheduling/scheduling.ts';
import { apiUnderTest, existingApi } from './bench/servers/api-under-test.ts';
import type { ApiUnderTest } from './bench/servers/api-under-test.ts';
import type { BenchDatabase } from './bench/storage/database.ts';
import { emptyDatabase } from './bench/storage/empty-database.ts';
import { measureEtcd } from './bench/storage/etcd.ts';
import { measureObjectCounts } from './bench/storage/object-counts.ts';
import { measureReplicas } from './bench/storage/replicas.ts';
import { projectRoot } from './environment/cache-folder.ts';
import { docker } from './environment/docker/docker.ts';
import { openCluster } from './environment/kubernetes/cluster.ts';
import { mysql } from './environment/databases/mysql.ts';
import { buildSandboxImage } from './environment/docker/sandbox-image.ts';
import { interruption } from './interruption.ts';

/**
 * `make bench`, or `node dev/bench.ts api|etcd|scale|followers|task|pods|forwarder|memory|conversations|steps|masks|authorization|audit|authentication|attacks|scheduling|executors|finished …` for some of the figures. `api --server KUBECONFIG --pid PID`
 * takes the figures of the API from a server that runs already, such as a kube-apiserver with crds/ applied;
 * `scheduling --database mysql` takes MariaDB, `--count N` so many Tasks that wait, or have finished.
 */

const MEASURES: readonly ((api: ApiUnderTest, database: BenchDatabase) => Promise<Figure | Figure[]>)[] = [
  measureCreate,
  measureGet,
  measureList,
  measureWatch,
  measureChanges,
  measureCrowds,
  measureManyObjects,
];

const GROUPS = {
  api: measureApi,
  etcd: measureEtcd,
  scale: measureScale,
  followers: measureCrowdOfFollowers,
  task: measureTasks,
  pods: measurePods,
  forwarder: measureForwarder,
  memory: async () => [await measureMemory()],
  conversations: measureConversations,
  steps: measureSteps,
  masks: measureMasks,
  authorization: measureAuthorization,
  audit: measureAudit,
  authentication: measureAuthentication,
  attacks: measureAttacks,
  scheduling: measureQueue,
  executors: measureExecutors,
  finished: () => measureFinished(...countAsked()),
};
type Group = keyof typeof GROUPS;

const interrupted = interruption();
process.chdir(projectRoot);
const { positionals: asked, values: given } = parseArgs({
  allowPositionals: true,
  options: {
    server: { type: 'string' },
    pid: { type: 'string' },
    count: { type: 'string' },
    cluster: { type: 'string' },
    image: { type: 'string', default: 'troupe-executor:latest' },
    database: { type: 'string', default: 'sqlite' },
  },
});
const unknown = asked.filter((name) => !Object.hasOwn(GROUPS, name));
if (unknown.length > 0) {
  console.error(`no figures are called ${unknown.join(', ')}; there are ${Object.keys(GROUPS).join(', ')}`);
  process.exit(2);
}
const figures: Figure[] = [];
for (const [name, measure] of Object.entries(GROUPS) as [Group, () => Promise<Figure[]>][]) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  try {
    interrupted.throwIfAborted();
    figures.push(...(await measure()));
  } catch (error) {
    console.error(`${name}:`, error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
console.log(formatTable(figures));

async function measureApi(): Promise<Figure[]> {
  if (given.server !== undefined) {
    await using api = await existingApi(given.server, Number(given.pid ?? process.pid));
    return await measureAll(api, { name: 'other' });
  }
  // Acknowledged writes are on disk, as in production.
  await using server = await mysql({ durable: true });
  await using own = await emptyDatabase(server.url);
  const databases: BenchDatabase[] = [{ name: 'sqlite' }, { name: 'mysql', url: own.url }];
  const result: Figure[] = [];
  for (const database of databases) {
    await using api = await apiUnderTest(database.url === undefined ? {} : { databaseUrl: database.url });
    result.push(...(await measureAll(api, database)));
  }
  return result;
}

async function measureAll(api: ApiUnderTest, database: BenchDatabase): Promise<Figure[]> {
  const result: Figure[] = [];
  for (const measure of MEASURES) {
    interrupted.throwIfAborted();
    const figures = [await measure(api, database)].flat();
    for (const figure of figures) console.log(formatLine(figure));
    result.push(...figures);
  }
  return result;
}

async function measureScale(): Promise<Figure[]> {
  await using server = await mysql({ durable: true });
  const figures: Figure[] = [];
  for (const measure of [measureObjectCounts, measureReplicas]) {
    interrupted.throwIfAborted();
    figures.push(...(await measure(server.url)));
  }
  return figures;
}

async function measureCrowdOfFollowers(): Promise<Figure[]> {
  await using server = await mysql({ durable: true });
  return await measureFollowers(server.url);
}

async function measureTasks(): Promise<Figure[]> {
  await using engine = await docker();
  await buildSandboxImage(engine, interrupted);
  // Awaited here: the engine is stopped when this function is left.
  return await measureTaskStart(engine.host);
}

/** On a cluster that runs (`node dev/cluster.ts up`), which has the image: `--cluster NUMBER --image NAME`. */
async function measurePods(): Promise<Figure[]> {
  return await measurePodStart(openCluster(Number(given.cluster ?? 1)), given.image);
}

async function measureQueue(): Promise<Figure[]> {
  if (given.database !== 'mysql') return await measureScheduling({ name: 'sqlite' }, ...countAsked());
  await using server = await mysql({ durable: true });
  await using own = await emptyDatabase(server.url);
  return await measureScheduling({ name: 'mysql', url: own.url }, ...countAsked());
}

function countAsked(): [] | [number] {
  return given.count === undefined ? [] : [Number(given.count)];
}
