import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeJoinToken } from '#api/types/join-token';
import { projectRoot } from '../../environment/cache-folder.ts';
import { startProcess } from '../../environment/process.ts';
import type { RunningProcess } from '../../environment/process.ts';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import type { Figure } from '../load/figure.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';
import { applyChatTeam, BASE, createChatTask } from './chat-team.ts';
import { slowService } from './slow-service.ts';
import type { SlowService } from './slow-service.ts';

const OWN = '/apis/agent.wecode.io/v1alpha1';
const MANAGERS = 10;
const EACH = 3;
const TASKS = MANAGERS * EACH;
/** Each with ports of its own, from here on. */
const FIRST_PORT = 24_000;
const HEARTBEAT = ['--heartbeat-interval', '60s', '--heartbeat-lost-after', '120s'];
const PATIENCE_MS = 300_000;

/**
 * Ten executor managers that have joined by tokens, with heartbeats every 60 s that expire after 120 s, and as many Tasks as
 * they have room for, each in a runner of its own: how long it takes until all of them talk with their model at the same
 * time, and what a manager costs.
 */
export async function measureExecutors(): Promise<Figure[]> {
  await using stack = new AsyncDisposableStack();
  const service = stack.use(await slowService());
  const api = stack.use(
    await apiUnderTest({
      command: ['server', '--driver', 'process'],
      env: { TROUPE_ALLOWED_ADDRESSES: 'localhost' },
    }),
  );
  await cordonOwn(api);
  const began = performance.now();
  const managers = await Promise.all(Array.from({ length: MANAGERS }, (_, at) => join(api, at, stack)));
  const joinedMs = performance.now() - began;
  const api_key = randomBytes(16).toString('hex');
  await applyChatTeam(api, { env: { model: 'openai', model_id: 'm', base_url: service.url, api_key } });
  return [
    seconds(`${MANAGERS} machines join`, joinedMs),
    ...(await measureTasks(api, service)),
    await memoryFigure(managers),
  ];
}

async function cordonOwn(api: ApiUnderTest): Promise<void> {
  const { items } = JSON.parse(await api.call('GET', `${OWN}/executors`)) as {
    items: { metadata: { name: string } }[];
  };
  for (const { metadata } of items) {
    const path = `${OWN}/executors/${metadata.name}`;
    await api.patch(path, 'application/merge-patch+json', { spec: { unschedulable: true } });
  }
}

async function join(api: ApiUnderTest, at: number, stack: AsyncDisposableStack): Promise<RunningProcess> {
  const folder = stack.use(await temporaryFolder('machine')).path;
  const authority = path.join(folder, 'ca.crt');
  await writeFile(authority, api.access.caCertificate ?? '');
  const { id, token, tokenHash } = makeJoinToken();
  await api.call('POST', `${OWN}/jointokens`, {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'JoinToken', metadata: { name: id } },
    spec: {
      executorName: `machine-${at}`,
      tokenHash,
      expirationTime: `${new Date(Date.now() + PATIENCE_MS).toISOString().slice(0, 19)}Z`,
    },
  });
  const from = FIRST_PORT + at * EACH;
  const manager = stack.use(
    await startProcess({
      command: path.join(projectRoot, 'bin/troupe'),
      args: [
        ...['executor-manager', '--join', api.access.url, '--token', token, '--ca-cert', authority],
        ...['--driver', 'process', '--data-dir', folder, '--health-address', 'none', ...HEARTBEAT],
      ],
      env: {
        ...process.env,
        ...{ KUBECONFIG: '', TROUPE_ALLOWED_ADDRESSES: 'localhost', MAX_CONCURRENT_CONVERSATIONS: '0' },
        MAX_CONCURRENT_TASKS: String(EACH),
        EXECUTOR_PORT_RANGE_MIN: String(from),
        EXECUTOR_PORT_RANGE_MAX: String(from + EACH - 1),
      },
    }),
  );
  const ready = (): boolean => manager.output().includes('troupe executor-manager ready');
  await manager.until({ what: 'get ready', ready, timeoutMs: PATIENCE_MS });
  return manager;
}

async function measureTasks(api: ApiUnderTest, service: SlowService): Promise<Figure[]> {
  const began = performance.now();
  await Promise.all(Array.from({ length: TASKS }, (_, at) => createChatTask(api, `task-${at}`, 'wait here')));
  await until('all Tasks are under way', () => Promise.resolve(service.open() === TASKS));
  const underWayMs = performance.now() - began;
  const perMachine = await loads(api);
  service.release();
  const released = performance.now();
  await until('all Tasks are done', async () => (await completed(api)) === TASKS);
  return [
    {
      ...seconds(`${TASKS} Tasks applied: until all are under way at once`, underWayMs),
      floor: `on each machine: ${perMachine.join(' ')}`,
    },
    seconds(
      `${TASKS} Tasks: from the end of their models until all are COMPLETED`,
      performance.now() - released,
    ),
  ];
}

async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !(await look()); await delay(100)) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
  }
}

/** How many Sandboxes run on each machine. */
async function loads(api: ApiUnderTest): Promise<number[]> {
  const { items } = JSON.parse(await api.call('GET', `${OWN}/sandboxes`)) as {
    items: { spec: { executorName?: string } }[];
  };
  const names = Map.groupBy(items, ({ spec }) => spec.executorName ?? '');
  return [...names.values()].map(({ length }) => length);
}

async function completed(api: ApiUnderTest): Promise<number> {
  const { items } = JSON.parse(await api.call('GET', `${BASE}/tasks`)) as {
    items: { status?: { status?: string } }[];
  };
  return items.filter(({ status }) => status?.status === 'COMPLETED').length;
}

const seconds = (name: string, ms: number): Figure => ({
  ...{ name, on: 'process' },
  value: `${(ms / 1000).toFixed(1)} s`,
});

async function memoryFigure(managers: readonly RunningProcess[]): Promise<Figure> {
  const each = await Promise.all(managers.map(({ pid }) => residentMiB(pid)));
  const mean = each.reduce((sum, one) => sum + one, 0) / each.length;
  return { name: 'memory of an executor manager', on: 'process', value: `${mean.toFixed(0)} MiB` };
}
