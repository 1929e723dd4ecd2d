import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TaskLogClient } from '#api/client/task-log';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { unavailable } from '#api/machinery/status-error';
import type { Sandbox } from '#api/types/generated/sandbox';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { HOST_NAME } from '#dev/environment/docker/docker-gateway';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { ProcessDriver } from '#executor-manager/drivers/process/process-driver';
import { PortAllocator } from '#executor-manager/drivers/ports/port-allocator';
import { processesNaming } from '#executor-manager/drivers/process/process-table';
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

/** The executor manager with the process driver and the real runner. */
let on: Stage;
beforeAll(async () => {
  on = await stage({ modelName: HOST_NAME });
});
afterAll(() => on[Symbol.asyncDispose]());

const ref = (name: string) => ({ namespace: 'default', name });
const root = (): string => path.join(on.folder, 'executor', 'executors', EXECUTOR);
const ENTIRE = 'one two three four five six seven eight nine ten';

/** What is left on the machine of this executor's sandboxes. */
async function remains(): Promise<{ processes: number[]; runtimes: string[] }> {
  const runtimes = await readdir(path.join(root(), 'runtimes')).catch(() => []);
  return { processes: await processesNaming(root()), runtimes };
}

/** Removal follows the final status; a stop of the manager waits for what is under way, a sweep finds the rest. */
afterEach(async () => {
  const manager = await startManager(on, await managerConfig(on, { driver: 'process' }));
  await expect.poll(remains, { timeout: 10_000 }).toEqual({ processes: [], runtimes: [] });
  await manager.stop();
});

const config = (ports?: number, env?: Record<string, string>): Promise<ExecutorManagerConfig> =>
  managerConfig(on, { driver: 'process', ...(ports === undefined ? {} : { ports }), ...(env && { env }) });

describe('a Sandbox', () => {
  it('is run to its end, and the conversation is kept', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'hello', prompt: 'Hi' });
    const { status } = await untilSandbox(on, 'hello-s0-a1', isOver);
    expect(status).toMatchObject({
      phase: 'Succeeded',
      result: { value: 'Hello there.' },
      executorName: EXECUTOR,
    });
    expect(status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'False'],
      ['Finished', 'True'],
    ]);
    const log = await eventLog(on, 'hello');
    expectEachOnce(log);
    expect(spoken(log)).toBe('Hello there.');
    expect(log.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Succeeded' } });
    expect(status?.lastEventSeq).toBe(log.length);
    const messages = await on.connection.taskLog.messages(ref('hello'));
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ['USER', 'Hi'],
      ['ASSISTANT', 'Hello there.'],
    ]);
  });

  it.each([
    [
      'no-model',
      { model: { ref: { name: 'gone' }, protocol: 'openai', name: 'x' } },
      'Model "default/gone" not found',
      'the Model went away after the Task began',
    ],
    [
      'bad-memory',
      { resources: { memory: 'much' } },
      'spec.resources.memory must be a quantity',
      'a quantity that is none',
    ],
  ] as const)('%s fails with a cause', async (name, spec, message, reason) => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name, prompt: 'Hi', spec });
    const { status } = await untilSandbox(on, `${name}-s0-a1`, isOver);
    expect(status, reason).toMatchObject({ phase: 'Failed', reason: 'StartFailed' });
    expect(status?.message).toContain(message);
    expect((await eventLog(on, name)).at(-1)?.data, 'the log says it too').toMatchObject({
      reason: 'StartFailed',
    });
  });
});

describe('two managers with one name', () => {
  it('do not run at the same time with one folder', async () => {
    const settings = await config();
    await using first = await startManager(on, settings);
    await expect(startManager(on, settings)).rejects.toThrow('another executor manager runs as "stage"');
    await first.stop();
    await using _ = await startManager(on, settings);
  });
});

describe('a port range of one port', () => {
  it('runs five Sandboxes, one after the other', async () => {
    const settings = await config(1);
    await using _ = await startManager(on, settings);
    const names = ['p1', 'p2', 'p3', 'p4', 'p5'];
    for (const name of names) await runSandbox(on, { name, prompt: 'Hi' });
    for (const name of names) {
      const { status } = await untilSandbox(on, `${name}-s0-a1`, isOver);
      expect(status).toMatchObject({ phase: 'Succeeded', hostPort: settings.ports.min });
    }
    const { min, max } = settings.ports;
    expect((await untilExecutor(on, () => true)).status).toMatchObject({
      capacity: { sandboxes: 1 },
      ports: { min, max, range: `${min}-${max}` },
    });
  });
});

describe('a manager that goes away in the middle of a run', () => {
  async function startProcess(settings: ExecutorManagerConfig): Promise<TroupeProcess> {
    return startTroupe({
      args: [
        ...['executor-manager', '--driver', 'process', '--kubeconfig', on.kubeconfig],
        ...['--data-dir', settings.dataDir],
      ],
      env: {
        EXECUTOR_NAME: EXECUTOR,
        MAX_CONCURRENT_CONVERSATIONS: '0',
        EXECUTOR_PORT_RANGE_MIN: String(settings.ports.min),
        EXECUTOR_PORT_RANGE_MAX: String(settings.ports.max),
      },
      readyLine: /^troupe executor-manager ready/,
    });
  }

  it('is killed: the next one adopts the run, and no event is lost or doubled', async () => {
    const settings = await config();
    const first = await startProcess(settings);
    await runSandbox(on, { name: 'killed', prompt: 'slow' });
    await untilEvent(on, 'killed', (event) => event.type === 'text');
    await first.kill();
    await using _ = await startProcess(settings);
    const { status } = await untilSandbox(on, 'killed-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded' });
    const log = await eventLog(on, 'killed');
    expectEachOnce(log);
    expect(spokenAtLast(log)).toBe(ENTIRE);
  });

  it('is killed in the middle of a call of the model: Claude Code calls again, by the next one', async () => {
    const settings = await config();
    const first = await startProcess(settings);
    const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm' };
    const spec = { shell: { type: 'ClaudeCode' as const }, model };
    await runSandbox(on, { name: 'code', prompt: 'slow', spec });
    await untilEvent(on, 'code', (event) => event.type === 'text');
    await first.kill();
    await using _ = await startProcess(settings);
    const { status } = await untilSandbox(on, 'code-s0-a1', isOver);
    const log = await eventLog(on, 'code');
    expect(status, JSON.stringify(log)).toMatchObject({ phase: 'Succeeded', result: { value: ENTIRE } });
    expectEachOnce(log);
  });

  it('is stopped: the Executor says so, the sandbox runs on and is adopted', async () => {
    const settings = await config();
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'stopped', prompt: 'slow' });
    await untilSandbox(on, 'stopped-s0-a1', inPhase('Running'));
    await first.stop();
    const executor = await untilExecutor(on, () => true);
    expect(executor.status?.conditions?.[0]).toMatchObject({
      type: 'Ready',
      status: 'False',
      reason: 'Stopped',
    });
    await using _ = await startManager(on, settings);
    expect((await untilSandbox(on, 'stopped-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    const log = await eventLog(on, 'stopped');
    expectEachOnce(log);
    expect(spokenAtLast(log)).toBe(ENTIRE);
  });

  it('finds a sandbox that ended meanwhile, and one that nobody owns any more', async () => {
    const settings = await config();
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'died', prompt: 'slow' });
    await runSandbox(on, { name: 'orphan', prompt: 'hang' });
    const died = await untilSandbox(on, 'died-s0-a1', inPhase('Running'));
    await untilSandbox(on, 'orphan-s0-a1', inPhase('Running'));
    await first.stop();
    process.kill(pidOf(died), 'SIGKILL');
    const { client } = on.connection;
    await client.patch(SANDBOXES, ref('orphan-s0-a1'), {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await client.delete(SANDBOXES, ref('orphan-s0-a1'));
    await client.delete(TASKS, ref('orphan'));
    await using _ = await startManager(on, settings);
    const { status } = await untilSandbox(on, 'died-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    await expect.poll(remains, { timeout: 10_000 }).toEqual({ processes: [], runtimes: [] });
  });
});

describe('a manager and a machine that go away between the last event and the status', () => {
  it('costs nothing: the result in the log counts, and there is one', async () => {
    const settings = await config();
    // It never gets to write how the run ended.
    const { client } = on.connection;
    const mute = {
      ...client,
      updateStatus: (async (type: never, object: { status?: { phase?: string } }, ...rest: []) => {
        if (object.status?.phase === 'Succeeded') throw unavailable('gone');
        return client.updateStatus(type, object as never, ...rest);
      }) as typeof client.updateStatus,
    };
    const first = await startManager(on, settings, { client: mute });
    await runSandbox(on, { name: 'late', prompt: 'Hi' });
    await untilEvent(on, 'late', (event) => event.type === 'result');
    const before = await untilSandbox(on, 'late-s0-a1', inPhase('Running'));
    await first.stop();
    process.kill(pidOf(before), 'SIGKILL');
    await using _ = await startManager(on, settings);
    const { status } = await untilSandbox(on, 'late-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded', result: { value: 'Hello there.' } });
    const log = await eventLog(on, 'late');
    expectEachOnce(log);
    expect(log.filter((event) => event.type === 'result')).toHaveLength(1);
    expect(status?.lastEventSeq).toBe(log.length);
  });
});

describe('a Sandbox that is deleted while the manager is away', () => {
  it('gives its port back when the next one has removed it', async () => {
    const settings = await config(1);
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'absent', prompt: 'hang' });
    await untilSandbox(on, 'absent-s0-a1', inPhase('Running'));
    await first.stop();
    await on.connection.client.delete(SANDBOXES, ref('absent-s0-a1'));
    await using _ = await startManager(on, settings);
    await untilGone(on, 'absent-s0-a1');
    await runSandbox(on, { name: 'heir', prompt: 'Hi' });
    const { status } = await untilSandbox(on, 'heir-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded', hostPort: settings.ports.min });
  });
});

const pidOf = ({ status }: Sandbox): number => Number(/^pid\/(\d+)$/.exec(status?.runtime?.name ?? '')?.[1]);

describe('a run that does not go well', () => {
  it('whose runner is killed is lost, and the log says so', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'lost', prompt: 'slow' });
    await untilEvent(on, 'lost', (event) => event.type === 'text');
    const running = await untilSandbox(on, 'lost-s0-a1', inPhase('Running'));
    process.kill(pidOf(running), 'SIGKILL');
    const { status } = await untilSandbox(on, 'lost-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    expect(status?.message).toBe(
      'The sandbox was killed by the signal SIGKILL in the middle of the run. The agent may have ended it itself.',
    );
    const log = await eventLog(on, 'lost');
    expectEachOnce(log);
    expect(log.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Failed', reason: 'ContainerLost' } });
  });

  it('that hangs with its runner is ended from outside when its time is over', async () => {
    await using _ = await startManager(on, await config(), { times: { overtime: 200 } });
    await runSandbox(on, { name: 'frozen', prompt: 'hang', spec: { timeoutSeconds: 2 } });
    const running = await untilSandbox(on, 'frozen-s0-a1', inPhase('Running'));
    process.kill(pidOf(running), 'SIGSTOP');
    const { status } = await untilSandbox(on, 'frozen-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'TimedOut' });
  });

  it('whose runner never becomes ready fails with the time it was given', async () => {
    const settings = await config();
    const driver = new ProcessDriver({
      root: root(),
      runner: [process.execPath, '-e', 'setInterval(() => undefined, 1000)'],
      environment: {},
      ports: new PortAllocator({ ...settings.ports, clock: systemClock }),
      logger: silentLogger,
      clock: systemClock,
    });
    await using _ = await startManager(on, settings, { driver, times: { ready: 300 } });
    await runSandbox(on, { name: 'never', prompt: 'Hi' });
    const { status } = await untilSandbox(on, 'never-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'EngineFailed' });
    expect(status?.message).toContain('did not become ready within 0.3 s');
  });

  it('is cancelled while it runs, and while it waits', async () => {
    await using _ = await startManager(on, await config(1));
    await runSandbox(on, { name: 'cancel', prompt: 'hang' });
    await untilSandbox(on, 'cancel-s0-a1', inPhase('Running'));
    await runSandbox(on, { name: 'cancel-waiting', prompt: 'Hi' });
    const waiting = await untilSandbox(on, 'cancel-waiting-s0-a1', inPhase('Pending'));
    expect(waiting.status).toMatchObject({ reason: 'NoPort' });
    for (const name of ['cancel-waiting-s0-a1', 'cancel-s0-a1']) {
      await on.connection.client.patch(SANDBOXES, ref(name), {
        type: 'merge',
        body: { spec: { cancel: true } },
      });
      expect((await untilSandbox(on, name, isOver)).status).toMatchObject({
        phase: 'Cancelled',
        reason: 'Cancelled',
      });
    }
  });

  it('is deleted with its Task: process, workspace and object go', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'deleted', prompt: 'hang' });
    const { status } = await untilSandbox(on, 'deleted-s0-a1', inPhase('Running'));
    expect((await remains()).runtimes).toEqual([status?.runtimeID]);
    await on.connection.client.delete(TASKS, ref('deleted'));
    await on.connection.client.delete(SANDBOXES, ref('deleted-s0-a1'));
    await untilGone(on, 'deleted-s0-a1');
    expect(await remains()).toEqual({ processes: [], runtimes: [] });
  });

  it('goes on when somebody else has ended the Sandbox: the container is removed, the status left', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'given-up', prompt: 'hang' });
    await untilSandbox(on, 'given-up-s0-a1', inPhase('Running'));
    await on.connection.client.patch(SANDBOXES, ref('given-up-s0-a1'), {
      type: 'merge',
      subresource: 'status',
      body: { status: { phase: 'Failed', reason: 'ExecutorLost' } },
    });
    await expect.poll(remains, { timeout: 10_000 }).toEqual({ processes: [], runtimes: [] });
    const { status } = await on.connection.client.get(SANDBOXES, ref('given-up-s0-a1'));
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ExecutorLost' });
  });
});

describe('an API that is away in the middle of a run', () => {
  it('costs no event, whether requests or answers are lost', async () => {
    let calls = 0;
    const { taskLog } = on.connection;
    const flaky: Pick<TaskLogClient, 'append' | 'read'> = {
      read: (...request) => taskLog.read(...request),
      async append(task, batch) {
        calls += 1;
        if (calls % 3 === 0) throw unavailable('the request was lost');
        const answer = await taskLog.append(task, batch);
        if (calls % 3 === 1) throw unavailable('the answer was lost');
        return answer;
      },
    };
    await using _ = await startManager(on, await config(), { taskLog: flaky });
    await runSandbox(on, { name: 'flaky', prompt: 'slow' });
    expect((await untilSandbox(on, 'flaky-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    const log = await eventLog(on, 'flaky');
    expectEachOnce(log);
    expect(spoken(log)).toBe(ENTIRE);
    expect(await on.connection.taskLog.messages(ref('flaky'))).toHaveLength(2);
  });
});
