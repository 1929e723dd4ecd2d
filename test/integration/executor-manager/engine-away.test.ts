import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { SANDBOXES, TASKS } from '#api/types/resources';
import type { Executor } from '#api/types/generated/executor';
import { dockerClient } from '#dev/environment/docker/docker';
import { engineSocket } from '#dev/environment/docker/engine-socket';
import {
  EXECUTOR,
  eventLog,
  expectEachOnce,
  inPhase,
  isOver,
  managerConfig,
  runSandbox,
  spoken,
  stage,
  startManager,
  untilEvent,
  untilExecutor,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

/** The engine goes away and comes back, while the manager stays. */
let on: Stage;
const host = process.env['DOCKER_HOST'] ?? '';
const engine = dockerClient(host);
const filters = JSON.stringify({ label: [`io.troupe.executor=${EXECUTOR}`] });
const containers = async () => (await engine.listContainers({ all: true, filters })).map(({ Id }) => Id);
const ref = (name: string) => ({ namespace: 'default', name });

beforeAll(async () => {
  on = await stage();
});
afterAll(() => on[Symbol.asyncDispose]());

const isReady = (status: string) => (executor: Executor) =>
  executor.status?.conditions?.some((it) => it.type === 'Ready' && it.status === status) === true;

async function withEngine(name: string) {
  const socket = engineSocket(path.join(on.folder, `${name}.sock`), host);
  const config = await managerConfig(on, { driver: 'docker', env: { DOCKER_HOST: socket.address } });
  return { socket, config };
}

/** Deletes Task and Sandbox and waits until nothing is left of them. */
async function clear(name: string): Promise<void> {
  await on.connection.client.delete(TASKS, ref(name));
  await on.connection.client.delete(SANDBOXES, ref(`${name}-s0-a1`));
  await untilGone(on, `${name}-s0-a1`);
  expect(await containers()).toEqual([]);
  expect((await engine.listVolumes({ filters })).Volumes ?? []).toEqual([]);
}

describe('an engine that is not there', () => {
  it('is told with its address; a Sandbox waits, and runs when the engine has come', async () => {
    const { socket, config } = await withEngine('late');
    await using _ = socket;
    await using __ = await startManager(on, config);
    const executor = await untilExecutor(on, isReady('False'));
    expect(executor.status?.conditions?.[0]).toMatchObject({ reason: 'EngineUnavailable' });
    expect(executor.status?.message).toContain(socket.address);
    await runSandbox(on, { name: 'late', prompt: 'Hi' });
    await socket.open();
    await untilExecutor(on, isReady('True'));
    expect((await untilSandbox(on, 'late-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    await clear('late');
  });
});

describe('an engine that comes later than the time limit of a claimed Sandbox', () => {
  it('costs the Sandbox nothing: its time begins with its container', async () => {
    const { socket, config } = await withEngine('tardy');
    await using _ = socket;
    await socket.open();
    let later = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + later };
    await using __ = await startManager(on, config, { clock });
    await untilExecutor(on, isReady('True'));
    await socket.close();
    await runSandbox(on, { name: 'tardy', prompt: 'Hi' });
    await untilSandbox(on, 'tardy-s0-a1', inPhase('Starting'));
    later = 3_600_000;
    await socket.open();
    expect((await untilSandbox(on, 'tardy-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    await clear('tardy');
  });
});

describe('an engine that goes away in the middle of a run', () => {
  it('costs nothing: the run ends well, and its container is removed when the engine is back', async () => {
    const { socket, config } = await withEngine('gap');
    await using _ = socket;
    await socket.open();
    await using __ = await startManager(on, config);
    await runSandbox(on, { name: 'gap', prompt: 'slow' });
    await untilEvent(on, 'gap', (event) => event.type === 'text');
    await socket.close();
    expect((await untilSandbox(on, 'gap-s0-a1', isOver)).status?.phase).toBe('Succeeded');
    const log = await eventLog(on, 'gap');
    expectEachOnce(log);
    expect(spoken(log)).toBe('one two three four five six seven eight nine ten');
    expect(await containers()).toHaveLength(1);
    await socket.open();
    await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
    await clear('gap');
  });

  it('and takes the container with it: the run is lost', async () => {
    const { socket, config } = await withEngine('crash');
    await using _ = socket;
    await socket.open();
    await using __ = await startManager(on, config);
    await runSandbox(on, { name: 'crash', prompt: 'hang' });
    const { status: before } = await untilSandbox(on, 'crash-s0-a1', inPhase('Running'));
    await socket.close();
    await engine.getContainer(before?.runtime?.name ?? '').kill();
    await socket.open();
    const { status } = await untilSandbox(on, 'crash-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    await clear('crash');
  });
});
