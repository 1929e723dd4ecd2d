import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { TROUPE } from '../kit/paths.ts';
import { startTroupe } from '../kit/troupe-process.ts';
import type { TroupeProcess } from '../kit/troupe-process.ts';

/** The processes beside the API tell about themselves to whoever watches them. */
const stack = new AsyncDisposableStack();
let folder: string;
let kubeconfig: string;
let listen: string;
let api: TroupeProcess;

const startApi = (): Promise<TroupeProcess> =>
  startTroupe({
    args: [
      ...['api', '--listen', listen, '--data-dir', path.join(folder, 'data')],
      ...['--write-kubeconfig', kubeconfig],
    ],
    env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
    readyLine: /^troupe api ready/,
  });

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('health')).path;
  kubeconfig = path.join(folder, 'kubeconfig');
  listen = `127.0.0.1:${await freePort()}`;
  api = await startApi();
});
afterAll(async () => {
  await stack.disposeAsync();
  await api.process.stop();
});

const ARGS = {
  controllers: () => ['controllers', '--kubeconfig', kubeconfig],
  'executor-manager': () => [
    ...['executor-manager', '--kubeconfig', kubeconfig, '--driver', 'process'],
    ...['--data-dir', path.join(folder, 'executor')],
  ],
};

async function get(url: string): Promise<{ code: number; text: string }> {
  const answer = await fetch(url);
  return { code: answer.status, text: await answer.text() };
}

/** Each with the checks it has and figures that its operators look for. */
const PROCESSES = [
  {
    name: 'controllers',
    live: ['ping', 'controllers', 'leader-election'],
    ready: ['ping', 'informers'],
    figures: [
      'controller_runtime_reconcile_total{controller="task",result="success"}',
      'controller_runtime_reconcile_errors_total{controller="task"}',
      'controller_runtime_reconcile_time_seconds_count{controller="task"}',
      'controller_runtime_active_workers{controller="task"}',
      'controller_runtime_max_concurrent_reconciles{controller="task"} 4',
      'workqueue_depth{name="task",controller="task"}',
      'workqueue_adds_total{name="task",controller="task"}',
      'workqueue_queue_duration_seconds_count{name="task",controller="task"}',
      'workqueue_work_duration_seconds_count{name="task",controller="task"}',
      'workqueue_retries_total{name="task",controller="task"}',
      'workqueue_unfinished_work_seconds{name="task",controller="task"}',
      'workqueue_longest_running_processor_seconds{name="task",controller="task"}',
      'leader_election_master_status{name="troupe-controllers"}',
      'rest_client_requests_total{code="200",method="GET",host="127.0.0.1:',
      'process_cpu_seconds_total',
    ],
  },
  {
    name: 'executor-manager',
    live: ['ping', 'heartbeat'],
    ready: ['ping', 'engine', 'registered'],
    figures: [
      'troupe_sandbox_start_seconds_count{phase="claim"} 0',
      'troupe_relay_lag_seconds_count 0',
      'troupe_relay_events_total 0',
      'troupe_places_in_use 0',
      'troupe_places 5',
      'troupe_ports_in_use 0',
      'troupe_ports ',
      'troupe_sandboxes{phase="Running"} 0',
      'troupe_sandbox_start_seconds_count{phase="ready"} 0',
      'rest_client_requests_total{code="200",method="PUT",host="127.0.0.1:',
      'process_cpu_seconds_total',
    ],
  },
] as const;

const verbose = (endpoint: string, checks: readonly string[]): string =>
  [...checks.map((check) => `[+]${check} ok`), `${endpoint} check passed`, ''].join('\n');

describe.each(PROCESSES)('troupe $name', ({ name, live, ready, figures }) => {
  it('tells how it is, and what it did, and no secret', async () => {
    await using process_ = await startTroupe({
      args: ARGS[name](),
      readyLine: /^troupe \S+ ready, health at (\S+)$/,
    });
    const url = process_.ready[1] ?? '';
    expect(await get(`${url}/livez?verbose`)).toEqual({ code: 200, text: verbose('livez', live) });
    await expect
      .poll(() => get(`${url}/readyz?verbose`), { timeout: 30_000 })
      .toEqual({ code: 200, text: verbose('readyz', ready) });
    const { text } = await get(`${url}/metrics`);
    for (const figure of figures) expect(text).toContain(`\n${figure}`);
    const token = (await readFile(path.join(folder, 'data', 'token'), 'utf8')).trim();
    expect(text).not.toContain(token);
  });

  it('answers while it waits for an API that is away, and gets ready when that comes', async () => {
    await api.process.stop();
    const port = await freePort();
    await using waiting = await startProcess({
      command: TROUPE,
      args: [...ARGS[name](), '--health-address', `127.0.0.1:${port}`],
    });
    const url = `http://127.0.0.1:${port}`;
    const code = (endpoint: string): Promise<number> =>
      get(url + endpoint).then(
        (answer) => answer.code,
        () => 0,
      );
    await waiting.until({
      what: 'answer /livez',
      ready: async () => (await code('/livez')) === 200,
      timeoutMs: 60_000,
    });
    expect(await code('/readyz')).toBe(500);
    api = await startApi();
    await waiting.until({
      what: 'get ready',
      ready: async () => (await code('/readyz')) === 200,
      timeoutMs: 60_000,
    });
  });

  it('listens nowhere when told so', async () => {
    await using process_ = await startTroupe({
      args: [...ARGS[name](), '--health-address', 'none'],
      readyLine: /^troupe \S+ ready(.*)$/,
    });
    expect(process_.ready[1]).toBe('');
  });
});
