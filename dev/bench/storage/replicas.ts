import { setTimeout as delay } from 'node:timers/promises';
import { redis } from '../../environment/redis.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import { CLIENTS } from '../load/clients.ts';
import { cpuMicroseconds } from '../load/cpu-time.ts';
import { fanOut, openLines } from '../load/fan-out.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { sampleGhost } from '../load/sample-object.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { emptyDatabase } from './empty-database.ts';

const REPLICAS = [1, 2, 3];
const COUNT = 2_000;
const NAMESPACE = 'bench-replicas';
const WATCHED = 'bench-replicas-watched';
const ghosts = (namespace: string): string => `/apis/agent.wecode.io/v1/namespaces/${namespace}/ghosts`;
const IDLE_MS = 4_000;
const WATCHES = { watches: 10, events: 100 };

/** Replicas on one database, with and without Redis: the figures are those of all of them together. */
export async function measureReplicas(mysqlUrl: string): Promise<Figure[]> {
  const figures: Figure[] = [];
  await using hints = await redis();
  for (const redisUrl of ['', hints.url]) {
    for (const count of REPLICAS) {
      await using database = await emptyDatabase(mysqlUrl);
      await using replicas = await startReplicas(count, { databaseUrl: database.url, redisUrl });
      const on = redisUrl === '' ? 'mysql' : 'mysql, redis';
      const among = `${count} replica${count === 1 ? '' : 's'}`;
      const measured = await measureTogether(replicas.all, among);
      for (const figure of measured) figures.push({ ...figure, on });
    }
  }
  return figures;
}

async function startReplicas(
  count: number,
  { databaseUrl, redisUrl }: { databaseUrl: string; redisUrl: string },
): Promise<{ all: ApiUnderTest[] } & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('replicas'));
  const all: ApiUnderTest[] = [];
  for (let i = 0; i < count; i += 1) {
    const api = await apiUnderTest({
      databaseUrl,
      dataFolder: folder.path,
      env: { TROUPE_REDIS_URL: redisUrl },
    });
    all.push(stack.use(api));
  }
  const owned = stack.move();
  return { all, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function measureTogether(
  replicas: readonly ApiUnderTest[],
  among: string,
): Promise<Omit<Figure, 'on'>[]> {
  for (const name of [NAMESPACE, WATCHED]) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await replicas[0]?.call('POST', '/api/v1/namespaces', namespace);
  }
  const through = (index: number): ApiUnderTest => replicas[index % replicas.length] as ApiUnderTest;
  const pid = replicas.map((replica) => replica.pid);
  const create = (prefix: string) => (index: number) =>
    through(index).call('POST', ghosts(NAMESPACE), sampleGhost(`${prefix}-${index}`));
  const options = { count: COUNT, concurrency: CLIENTS, pid };
  await load({ ...options, count: 500, call: create('warm') });
  const creates = await load({ ...options, call: create('create') });
  const gets = await load({
    ...options,
    call: (index) => through(index).call('GET', `${ghosts(NAMESPACE)}/create-0`),
  });
  const idle = await cpuMicroseconds(...pid);
  await delay(IDLE_MS);
  const idleUs = ((await cpuMicroseconds(...pid)) - idle) / (IDLE_MS / 1000) / replicas.length;
  const [first, last] = [replicas[0], replicas.at(-1)] as [ApiUnderTest, ApiUnderTest];
  const events = await fanOut(
    {
      open: (seen, signal) =>
        openLines((ending) => last.open(`${ghosts(WATCHED)}?watch=true`, ending), seen, signal),
      cause: (name) => first.call('POST', ghosts(WATCHED), sampleGhost(name)),
    },
    WATCHES,
  );
  return [
    figureOf(`create, ${among}`, creates),
    figureOf(`get, ${among}`, gets),
    { name: `idle, ${among}`, value: `${(idleUs / 1000).toFixed(1)} ms of cpu a second each` },
    { name: `event of the first to the last, ${among}`, value: `${WATCHES.watches} watches`, ...events },
  ];
}

const figureOf = (
  name: string,
  { perSecond, ...measured }: Awaited<ReturnType<typeof load>>,
): Omit<Figure, 'on'> => ({
  name,
  value: rate(perSecond),
  ...measured,
});
