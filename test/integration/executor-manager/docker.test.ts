import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { dockerClient } from '#dev/environment/docker/docker';
import { HOST_NAME } from '#dev/environment/docker/docker-gateway';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { imageRegistry } from '../../kit/image-registry.ts';
import { startTroupe } from '../../kit/troupe-process.ts';
import {
  EXECUTOR,
  eventLog,
  expectEachOnce,
  inPhase,
  isOver,
  managerConfig,
  runSandbox,
  spokenAtLast,
  stage,
  startManager,
  untilEvent,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

/** The executor manager with a real Docker engine and the real image. */
let on: Stage;
const host = process.env['DOCKER_HOST'] ?? '';
const engine = dockerClient(host);

beforeAll(async () => {
  on = await stage({ modelName: HOST_NAME });
});
afterAll(() => on[Symbol.asyncDispose]());

const ref = (name: string) => ({ namespace: 'default', name });
const filters = JSON.stringify({ label: [`io.troupe.executor=${EXECUTOR}`] });
const config = (ports?: number): Promise<ExecutorManagerConfig> =>
  managerConfig(on, { driver: 'docker', ...(ports === undefined ? {} : { ports }) });

/** What is left in the engine of this executor's sandboxes. */
async function containers(): Promise<string[]> {
  return (await engine.listContainers({ all: true, filters })).map((container) => container.Id);
}

async function volumes(): Promise<string[]> {
  return ((await engine.listVolumes({ filters })).Volumes ?? []).map((volume) => volume.Name);
}

afterEach(async () => {
  const { client } = on.connection;
  await using _ = await startManager(on, await config());
  for (const task of (await client.list(TASKS)).items) await client.delete(TASKS, ref(task.metadata.name));
  for (const { metadata } of (await client.list(SANDBOXES)).items) {
    await client.delete(SANDBOXES, ref(metadata.name));
    await untilGone(on, metadata.name);
  }
  expect(await containers(), 'nothing is left').toEqual([]);
  expect(await volumes(), 'nothing is left').toEqual([]);
});

describe('a container', () => {
  it('runs the agent, trusted with nothing, and is removed', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'hard', prompt: 'hang' });
    const { status } = await untilSandbox(on, 'hard-s0-a1', inPhase('Running'));
    const { Config, HostConfig, Mounts, NetworkSettings } = await engine
      .getContainer(status?.runtime?.name ?? '')
      .inspect();
    expect(Config.User).toBe('10001:10001');
    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      Privileged: false,
      Memory: 2 * 1024 ** 3,
      MemorySwap: 2 * 1024 ** 3,
      PidsLimit: 512,
      Ulimits: [{ Name: 'fsize', Soft: 10 * 1024 ** 3, Hard: 10 * 1024 ** 3 }],
    });
    expect(HostConfig.Binds, 'no folder of the host, no socket of the engine').toBeNull();
    expect(Mounts.map(({ Destination, Name }) => [Destination, Name])).toEqual([
      ['/workspace', `troupe-${status?.runtimeID}`],
    ]);
    expect(Object.values(NetworkSettings.Ports).flat(), 'reached from this machine only').toEqual([
      { HostIp: '127.0.0.1', HostPort: String(status?.hostPort) },
    ]);
    expect(JSON.stringify(Config.Env), 'no credential').not.toMatch(/sk-test|Bearer/);
    await on.connection.client.patch(SANDBOXES, ref('hard-s0-a1'), {
      type: 'merge',
      body: { spec: { cancel: true } },
    });
    expect((await untilSandbox(on, 'hard-s0-a1', isOver)).status?.phase).toBe('Cancelled');
    await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
  });

  it('that is killed is noticed at once and told as lost', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'lost', prompt: 'hang' });
    const { status: before } = await untilSandbox(on, 'lost-s0-a1', inPhase('Running'));
    await engine.getContainer(before?.runtime?.name ?? '').kill();
    const { status } = await untilSandbox(on, 'lost-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ContainerLost' });
    expect(status?.message).toContain('exited with code 137');
    expect((await eventLog(on, 'lost')).at(-1)).toMatchObject({ data: { reason: 'ContainerLost' } });
  });

  it('whose agent uses up its memory says so', async () => {
    await using _ = await startManager(on, await config());
    const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm', baseURL: on.modelURL };
    const spec = { shell: { type: 'ClaudeCode' as const }, resources: { memory: '64Mi' }, model };
    await runSandbox(on, { name: 'memory', prompt: 'Hi', spec });
    const { status } = await untilSandbox(on, 'memory-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'AgentKilled' });
    expect(status?.message).toBe('The agent was killed: out of memory, the limit is 64Mi.');
  });

  it.each([
    {
      name: 'disk',
      prompt: 'fill the disk',
      says: /^the workspace is larger than its limit of 20Mi \(3[0-9.]+Mi used\)$/,
    },
    {
      name: 'processes',
      prompt: 'use up the processes',
      // Claude Code does not live without new threads; another program would be ended by the guard of the disk.
      says: /^Claude Code was ended by SIG[A-Z]+$|could not be measured: spawn du EAGAIN$/,
    },
  ])('whose agent is told to $prompt says so', async ({ name, prompt, says }) => {
    await using _ = await startManager(on, await config());
    const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm', baseURL: on.modelURL };
    const spec = { shell: { type: 'ClaudeCode' as const }, resources: { disk: '20Mi', pids: 128 }, model };
    await runSandbox(on, { name, prompt, spec });
    const { status } = await untilSandbox(on, `${name}-s0-a1`, isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'AgentKilled' });
    expect(status?.message).toMatch(says);
  });

  it('has room for temporary files, and a full one is no harm to the run', async () => {
    await using _ = await startManager(on, await config());
    const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm', baseURL: on.modelURL };
    const spec = { shell: { type: 'ClaudeCode' as const }, model };
    await runSandbox(on, { name: 'tmp', prompt: 'fill the temporary folder', spec });
    const { status } = await untilSandbox(on, 'tmp-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded' });
    expect(status?.result?.value).toContain('No space left on device');
  });

  it('has room for HOME and caches beside its log: a long answer follows a large build', async () => {
    await using _ = await startManager(on, await config());
    const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm', baseURL: on.modelURL };
    const spec = { shell: { type: 'ClaudeCode' as const }, model };
    await runSandbox(on, { name: 'build', prompt: 'build an application', spec });
    const { status } = await untilSandbox(on, 'build-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded' });
    const value = status?.result?.value ?? '';
    expect(value).toMatch(/^367001600\n367001600/);
    expect(value.length).toBeGreaterThan(150_000);
    const log = await eventLog(on, 'build');
    expect(log.at(-1)?.type).toBe('result');
    const said = log.filter(({ type }) => type === 'text').map(({ data }) => String(data['text']));
    expect(said.join('').trim(), 'the log has all of it').toBe(value.trim());
  });

  it('whose image is not there fails with a cause', async () => {
    await using registry = await imageRegistry();
    await using _ = await startManager(on, await config());
    const shell = { type: 'Chat' as const, image: registry.nameOf('troupe-test/absent:1') };
    await runSandbox(on, { name: 'image', prompt: 'Hi', spec: { shell } });
    const { status } = await untilSandbox(on, 'image-s0-a1', isOver);
    expect(status).toMatchObject({ phase: 'Failed', reason: 'ErrImagePull' });
    expect(status?.message).toContain(`image ${shell.image} cannot be pulled: manifest unknown`);
  });

  it('starts on another port when one of the range is in use', async () => {
    const settings = await config(2);
    await using _ = await startManager(on, settings);
    const server = createServer().listen(settings.ports.min, '127.0.0.1');
    await once(server, 'listening');
    await runSandbox(on, { name: 'ports', prompt: 'Hi' });
    const { status } = await untilSandbox(on, 'ports-s0-a1', isOver);
    server.close();
    expect(status).toMatchObject({ phase: 'Succeeded', hostPort: settings.ports.max });
  });
});

describe('another installation with an executor of the same name', () => {
  it('leaves what is not its own alone', async () => {
    await using _ = await startManager(on, await config());
    await runSandbox(on, { name: 'mine', prompt: 'hang' });
    await untilSandbox(on, 'mine-s0-a1', inPhase('Running'));
    await using other = await stage();
    const settings = await managerConfig(other, { driver: 'docker' });
    await using __ = await startManager(other, settings);
    // Its own Sandbox runs and ends after its first sweep.
    const gone = { shell: { type: 'Chat' as const, image: 'troupe-test/absent:1' } };
    await runSandbox(other, { name: 'its', prompt: 'Hi', spec: gone });
    await untilSandbox(other, 'its-s0-a1', isOver);
    expect(await containers()).toHaveLength(1);
    const { status } = await on.connection.client.get(SANDBOXES, ref('mine-s0-a1'));
    expect(status?.phase).toBe('Running');
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
  });
});

describe('a manager that is killed in the middle of a run', () => {
  it('is followed by one that adopts the run; no event is lost or doubled', async () => {
    const settings = await config();
    const startProcess = () =>
      startTroupe({
        args: [
          ...['executor-manager', '--driver', 'docker', '--kubeconfig', on.kubeconfig],
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
    const first = await startProcess();
    await runSandbox(on, { name: 'killed', prompt: 'slow' });
    await untilEvent(on, 'killed', (event) => event.type === 'text');
    await first.kill();
    await using _ = await startProcess();
    expect((await untilSandbox(on, 'killed-s0-a1', isOver)).status).toMatchObject({ phase: 'Succeeded' });
    const log = await eventLog(on, 'killed');
    expectEachOnce(log);
    expect(spokenAtLast(log)).toBe('one two three four five six seven eight nine ten');
  });

  it('leaves a container and a volume that nobody owns: the next one removes them', async () => {
    const settings = await config();
    const first = await startManager(on, settings);
    await runSandbox(on, { name: 'orphan', prompt: 'hang' });
    await untilSandbox(on, 'orphan-s0-a1', inPhase('Running'));
    await first.stop();
    expect(await containers()).toHaveLength(1);
    const { client } = on.connection;
    await client.patch(SANDBOXES, ref('orphan-s0-a1'), {
      type: 'merge',
      body: { metadata: { finalizers: null } },
    });
    await client.delete(SANDBOXES, ref('orphan-s0-a1'));
    await client.delete(TASKS, ref('orphan'));
    await using _ = await startManager(on, settings);
    await expect.poll(containers, { timeout: 20_000 }).toEqual([]);
    await expect.poll(volumes, { timeout: 20_000 }).toEqual([]);
  });
});
