import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import { MODELS, SANDBOXES, TASKS } from '#api/types/resources';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { difyService } from '../../kit/dify-service.ts';
import type { DifyApp } from '../../kit/dify-service.ts';
import { startTroupe } from '../../kit/troupe-process.ts';
import type { TroupeProcess } from '../../kit/troupe-process.ts';
import {
  EXECUTOR,
  eventLog,
  expectEachOnce,
  inPhase,
  isOver,
  managerConfig,
  runSandbox,
  spoken,
  spokenAtLast,
  stage,
  startManager,
  untilEvent,
  untilExecutor,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

/** Runs that only talk: they share one process, whatever the driver of sandboxes is. */
let on: Stage;
beforeAll(async () => {
  on = await stage();
});
afterAll(() => on[Symbol.asyncDispose]());

const ref = (name: string) => ({ namespace: 'default', name });
const ENTIRE = 'one two three four five six seven eight nine ten';
const folder = (): string => path.join(on.folder, 'executor', 'executors', EXECUTOR, 'conversations');
const config = (conversations = 100): Promise<ExecutorManagerConfig> =>
  managerConfig(on, { driver: 'process', ports: 1, conversations });

interface Record {
  pid: number;
  state: string;
}

/** The shared runners that are there. */
async function runners(): Promise<Record[]> {
  const names = await readdir(folder()).catch(() => []);
  return Promise.all(
    names.map(async (name) => JSON.parse(await readFile(path.join(folder(), name), 'utf8')) as Record),
  );
}

const isThere = (record: Record): Promise<boolean> =>
  Promise.any([stat(`/proc/${record.pid}`), stat(record.state)]).then(
    () => true,
    () => false,
  );

/** None outlives its runs once its manager has let go of it. */
const seen: Record[] = [];
afterEach(async () => {
  const left = () => Promise.all(seen.map(isThere));
  await expect.poll(left, { timeout: 10_000 }).toEqual(seen.map(() => false));
  seen.length = 0;
});

async function theRunner(): Promise<Record> {
  const [record, ...others] = await runners();
  expect(others).toEqual([]);
  if (record === undefined) throw new Error('there is no shared runner');
  seen.push(record);
  return record;
}

const pidOf = ({ status }: Sandbox): number => Number(/^pid\/(\d+)$/.exec(status?.runtime?.name ?? '')?.[1]);

describe('conversations', () => {
  it('share one process, take no port, and are counted by themselves', async () => {
    await using _ = await startManager(on, await config());
    const names = ['c1', 'c2', 'c3'];
    for (const name of names) await runSandbox(on, { name, prompt: 'slow' });
    const running = await Promise.all(
      names.map((name) => untilSandbox(on, `${name}-s0-a1`, inPhase('Running'))),
    );
    const { pid } = await theRunner();
    expect(running.map(pidOf)).toEqual([pid, pid, pid]);
    expect(new Set(running.map(({ status }) => status?.runtimeID)).size).toBe(3);
    for (const { status } of running) expect(status).not.toHaveProperty('hostPort');
    const asRoot = process.getuid?.() === 0;
    expect((await untilExecutor(on, () => true)).status).toMatchObject({
      capacity: { sandboxes: 1, conversations: 100 },
      conversations: { separateUser: asRoot },
    });
    for (const name of names) {
      const { status } = await untilSandbox(on, `${name}-s0-a1`, isOver);
      expect(status).toMatchObject({ phase: 'Succeeded', result: { value: ENTIRE } });
      const log = await eventLog(on, name);
      expectEachOnce(log);
      expect(spoken(log)).toBe(ENTIRE);
    }
  });

  it('know nothing of the executor manager', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'alone', prompt: 'hang' });
    await untilSandbox(on, 'alone-s0-a1', inPhase('Running'));
    const { pid, state } = await theRunner();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    if (process.getuid?.() === 0) {
      expect(status).toMatch(/^Uid:\t61000\t61000\t61000\t61000$/m);
      expect(status).toMatch(/^Gid:\t61000\t61000\t61000\t61000$/m);
      expect(status).toMatch(/^Groups:\s*$/m);
    }
    expect((await stat(state)).mode & 0o777).toBe(0o700);
    const names = (await readFile(`/proc/${pid}/environ`, 'utf8'))
      .split('\0')
      .map((line) => line.split('=')[0]);
    const known =
      /^(PATH|LANG|LC_ALL|TZ|TMPDIR|HOME|(NO|HTTPS?)_PROXY|SSL_.*|NODE_EXTRA_CA_CERTS|TROUPE_RUNNER_.*|)$/i;
    expect(names.filter((name) => !known.test(name ?? ''))).toEqual([]);
    await on.connection.client.patch(SANDBOXES, ref('alone-s0-a1'), {
      type: 'merge',
      body: { spec: { cancel: true } },
    });
    expect((await untilSandbox(on, 'alone-s0-a1', isOver)).status?.phase).toBe('Cancelled');
  });

  it('wait for a share', async () => {
    await using _ = await startManager(on, await config(1));
    await runSandbox(on, { name: 'first', prompt: 'slow' });
    await untilSandbox(on, 'first-s0-a1', inPhase('Running'));
    await theRunner();
    await runSandbox(on, { name: 'second', prompt: 'Hi' });
    expect((await untilSandbox(on, 'second-s0-a1', inPhase('Pending'))).status?.reason).toBe('NoPort');
    expect((await untilSandbox(on, 'second-s0-a1', isOver)).status?.phase).toBe('Succeeded');
  });

  it('leave nothing behind when they are deleted with their Task', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'deleted', prompt: 'hang' });
    const { metadata } = await untilSandbox(on, 'deleted-s0-a1', inPhase('Running'));
    const { state } = await theRunner();
    expect(await readdir(path.join(state, 'runs'))).toEqual([metadata.uid]);
    await on.connection.client.delete(TASKS, ref('deleted'));
    await on.connection.client.delete(SANDBOXES, ref('deleted-s0-a1'));
    await untilGone(on, 'deleted-s0-a1');
    expect(await readdir(path.join(state, 'runs'))).toEqual([]);
  });
});

describe('an application of Dify', () => {
  const KEY = 'app-a-key-of-dify';
  /** One that answers, and waits to be stopped where it is asked to. */
  const app: DifyApp = {
    mode: 'advanced-chat',
    reply: ({ query }) => [
      { event: 'workflow_started', data: {} },
      { event: 'message', answer: `You said: ${String(query)}` },
      ...(query === 'wait' ? [{ hang: true } as const] : []),
      { event: 'workflow_finished', data: { status: 'succeeded', outputs: {}, total_tokens: 9 } },
      {
        event: 'message_end',
        metadata: { usage: { prompt_tokens: 4, completion_tokens: 5, total_price: '0.5', currency: 'USD' } },
      },
    ],
  };

  async function difyModel(url: string): Promise<void> {
    await on.connection.client.create(MODELS, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Model',
      metadata: { name: 'dify', namespace: 'default' },
      spec: { modelConfig: { env: { DIFY_API_KEY: KEY, DIFY_BASE_URL: url } } },
    });
  }
  const spec: Partial<Sandbox['spec']> = {
    shell: { type: 'Dify' },
    model: { ref: { name: 'dify' }, protocol: 'dify' },
  };
  afterEach(() => on.connection.client.delete(MODELS, ref('dify')));

  it('answers through the executor manager, which alone has its key', async () => {
    await using service = await difyService({ [KEY]: app });
    await difyModel(service.url);
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'dify', prompt: 'Hi', spec });
    const { status } = await untilSandbox(on, 'dify-s0-a1', isOver);
    expect(status).toMatchObject({
      phase: 'Succeeded',
      result: {
        value: 'You said: Hi',
        usage: { inputTokens: 4, outputTokens: 5 },
        costUSD: 0.5,
        sessionId: expect.stringMatching(/^troupe-.+\/.+$/),
      },
    });
    expect(spoken(await eventLog(on, 'dify'))).toBe('You said: Hi');
    const { pid } = await theRunner();
    expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain(KEY);
  });

  it('is stopped there when its Task is cancelled', async () => {
    await using service = await difyService({ [KEY]: app });
    await difyModel(service.url);
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'wait', prompt: 'wait', spec });
    await untilEvent(on, 'wait', (event) => event.type === 'text');
    await theRunner();
    await on.connection.client.patch(SANDBOXES, ref('wait-s0-a1'), {
      type: 'merge',
      body: { spec: { cancel: true } },
    });
    expect((await untilSandbox(on, 'wait-s0-a1', isOver)).status?.phase).toBe('Cancelled');
    expect(service.stopped).toHaveLength(1);
  });
});

describe('a shared runner that is killed', () => {
  it('loses its own runs, and the next ones get another', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'lost', prompt: 'slow' });
    await untilEvent(on, 'lost', (event) => event.type === 'text');
    const { pid } = await theRunner();
    process.kill(pid, 'SIGKILL');
    const { status } = await untilSandbox(on, 'lost-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    expect(status?.message).toContain('SIGKILL');
    await runSandbox(on, { name: 'next', prompt: 'slow' });
    const next = await untilSandbox(on, 'next-s0-a1', inPhase('Running'));
    expect(pidOf(next)).not.toBe(pid);
    expect((await untilSandbox(on, 'next-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    await expect.poll(runners).toHaveLength(1);
    await theRunner();
  });
});

describe('a manager that goes away in the middle of a conversation', () => {
  async function startProcess(settings: ExecutorManagerConfig): Promise<TroupeProcess> {
    return startTroupe({
      args: [
        ...['executor-manager', '--driver', 'process', '--kubeconfig', on.kubeconfig],
        ...['--data-dir', settings.dataDir],
      ],
      env: { EXECUTOR_NAME: EXECUTOR },
      readyLine: /^troupe executor-manager ready/,
    });
  }

  it('is killed: the next one adopts the run, and begins others in a runner of its own', async () => {
    const settings = await config();
    const first = await startProcess(settings);
    await runSandbox(on, { name: 'killed', prompt: 'slow' });
    await untilEvent(on, 'killed', (event) => event.type === 'text');
    const { pid } = await theRunner();
    await first.kill();
    await using _ = await startProcess(settings);
    await runSandbox(on, { name: 'other', prompt: 'slow' });
    expect(pidOf(await untilSandbox(on, 'other-s0-a1', inPhase('Running')))).not.toBe(pid);
    for (const name of ['killed', 'other']) {
      expect((await untilSandbox(on, `${name}-s0-a1`, isOver)).status?.phase).toBe('Succeeded');
      const log = await eventLog(on, name);
      expectEachOnce(log);
      expect(spokenAtLast(log)).toBe(ENTIRE);
    }
    await expect.poll(runners, { timeout: 10_000, message: 'the first has ended by itself' }).toHaveLength(1);
    await theRunner();
  });

  it('is stopped: the run goes on and is adopted', async () => {
    const settings = await config();
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'stopped', prompt: 'slow' });
    await untilSandbox(on, 'stopped-s0-a1', inPhase('Running'));
    await theRunner();
    await first.stop();
    await using _ = await startManager(on, settings);
    expect((await untilSandbox(on, 'stopped-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    const log = await eventLog(on, 'stopped');
    expectEachOnce(log);
    expect(spokenAtLast(log)).toBe(ENTIRE);
  });

  it('finds a conversation lost whose runner has ended meanwhile', async () => {
    const settings = await config();
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'died', prompt: 'slow' });
    await untilSandbox(on, 'died-s0-a1', inPhase('Running'));
    const { pid } = await theRunner();
    await first.stop();
    process.kill(pid, 'SIGKILL');
    await using _ = await startManager(on, settings);
    expect((await untilSandbox(on, 'died-s0-a1', isOver)).status).toMatchObject({
      phase: 'Failed',
      reason: 'ContainerLost',
    });
    expect(await runners()).toEqual([]);
  });
});
