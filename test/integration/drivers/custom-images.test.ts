import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { sharedCacheFolder } from '#dev/environment/cache-folder';
import { unpackPackage } from '#dev/environment/debian-packages';
import { dockerClient } from '#dev/environment/docker/docker';
import { freePort } from '#dev/environment/free-port';
import { DockerDriver } from '#executor-manager/drivers/docker/docker-driver';
import { connectEngine } from '#executor-manager/drivers/docker/engine-connection';
import type { Runtime, RuntimeSpec } from '#executor-manager/drivers/driver';
import { PortAllocator } from '#executor-manager/drivers/ports/port-allocator';
import { newRuntimeID } from '#executor-manager/runtime/runtime-source';
import { gitRepository } from '../../kit/git-repository.ts';
import type { GitRepository } from '../../kit/git-repository.ts';
import { imageRegistry } from '../../kit/image-registry.ts';
import type { ImageRegistry, MadeUpImage } from '../../kit/image-registry.ts';
import { modelService } from '../../kit/model-script.ts';
import type { ModelService } from '../../kit/model-script.ts';
import { RUNNER_TOKEN_HASH, runnerCalls } from '../../kit/runner.ts';
import type { RunnerCalls } from '../../kit/runner.ts';

const host = process.env['DOCKER_HOST'] ?? '';
const image = process.env['EXECUTOR_IMAGE'] ?? 'troupe-executor:latest';
const stack = new AsyncDisposableStack();
const forever = new AbortController().signal;
let registry: ImageRegistry;
let model: ModelService;
let repository: GitRepository;
let driver: DockerDriver;
/** Of one test: the next runner may have the same port. */
const clients: AsyncDisposable[] = [];

beforeAll(async () => {
  registry = stack.use(await imageRegistry());
  const script = `
- when: { contains: look around }
  steps:
    - toolCall: { name: Bash, input: { command: 'id -u; pwd; git status --short --branch; printenv TOOL_HOME LD_LIBRARY_PATH; type -P tool; true', description: Look } }
    - reply: '{{toolResult}}'
`;
  model = stack.use(await modelService(script, '0.0.0.0'));
  repository = stack.use(await gitRepository({ host: 'host.docker.internal', listen: '0.0.0.0' }));
  const ending = new AbortController();
  stack.defer(() => ending.abort(new Error('the tests are over')));
  const min = await freePort();
  driver = new DockerDriver({
    ...{ executorName: 'custom-images', owner: randomUUID(), image, network: 'bridge' },
    ports: new PortAllocator({ min, max: min + 9, clock: systemClock }),
    ...{ engine: connectEngine(host), clock: systemClock, logger: silentLogger, signal: ending.signal },
  });
}, 60_000);
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
  for (const { id } of await driver.list()) await driver.remove(id);
  expect(await driver.list(), 'nothing is left').toEqual([]);
});
afterAll(() => stack.disposeAsync());

const limits = { memory: 2 ** 30, cpus: 1, pids: 256, disk: 2 ** 30 };
const specOf = (name: string): RuntimeSpec => ({
  ...{ id: newRuntimeID(), tokenHash: RUNNER_TOKEN_HASH, limits },
  image: name,
});

async function ready({ address }: Runtime): Promise<RunnerCalls> {
  const calls = runnerCalls(`http://${address.host}:${address.port}`);
  clients.push(calls);
  const status = (): Promise<unknown> => calls.fetch('/v1/ready').then((answer) => answer.status, String);
  await expect.poll(status, { timeout: 30_000 }).toBe(204);
  return calls;
}

/** The answer of Claude Code, which has looked around in a clone. */
async function lookAround(runtime: Runtime): Promise<string> {
  const calls = await ready(runtime);
  const { state, events } = await calls.finish('run', {
    shell: { type: 'ClaudeCode' },
    agent: { name: 'looker' },
    model: {
      ...{ protocol: 'anthropic', name: 'scripted-model', apiKey: 'no-key-needed' },
      baseURL: `http://host.docker.internal:${new URL(model.url).port}`,
    },
    repository: { gitUrl: repository.url, branch: 'main', workBranch: 'look', timeoutSeconds: 30 },
    prompt: 'look around',
    timeoutSeconds: 60,
  });
  expect(state.phase, JSON.stringify(events.slice(-3))).toBe('Succeeded');
  return state.result?.value ?? '';
}

/** A C library that is not GNU's and a shell, as small images have them. */
async function muslFolder(): Promise<string> {
  const target = sharedCacheFolder('musl');
  if (existsSync(target)) return target;
  const options = {
    suite: 'trixie',
    target,
    otherwise: 'install Debian or Ubuntu to run this test.',
  } as const;
  await unpackPackage({ ...options, name: 'musl' });
  return target;
}

describe('an image of somebody else', () => {
  const images: [name: string, made: () => MadeUpImage | Promise<MadeUpImage>, expected: string][] = [
    [
      'with one text and nothing else',
      () => ({ files: { hello: 'hello' } }),
      '10001\n/workspace/repo\n## look',
    ],
    [
      'with another C library',
      async () => ({ folder: await muslFolder() }),
      '10001\n/workspace/repo\n## look',
    ],
    [
      'with a configuration of its own',
      () => ({
        files: {
          'usr/tools/tool': '#!/opt/troupe/bin/bash\necho tool',
          'workspace/theirs': '',
          'opt/troupe/node': 'x',
        },
        config: {
          User: 'nobody',
          Entrypoint: ['/no/such/program'],
          Cmd: ['and', 'arguments'],
          WorkingDir: '/no/such/folder',
          Volumes: { '/data': {} },
          Healthcheck: { Test: ['CMD', '/no/such/check'], Interval: 1e9 },
          StopSignal: 'SIGUSR1',
          Env: [
            'PATH=/usr/tools',
            'TOOL_HOME=/usr/tools',
            'LD_LIBRARY_PATH=/usr/tools',
            'NODE_OPTIONS=--require /no/such/module',
          ],
        },
      }),
      '10001\n/workspace/repo\n## look\n/usr/tools\n/usr/tools\n/usr/tools/tool',
    ],
  ];

  it.each(images)('%s runs an agent that has a shell and git', async (name, made, expected) => {
    const pulled = await registry.push(
      `odd/${createHash('sha256').update(name).digest('hex').slice(0, 8)}:1`,
      await made(),
    );
    const said: string[] = [];
    const runtime = await driver.start(specOf(pulled), forever, (message) => said.push(message));
    expect(said[0]).toBe(`Pulling image ${pulled}.`);
    expect(await lookAround(runtime)).toBe(expected);
  });
});

describe('a pull', () => {
  it('is one for all who ask for the image at once, and none when the engine has it', async () => {
    const gate = Promise.withResolvers<void>();
    registry.hold(gate.promise);
    const name = await registry.push('team/once:1', { files: { once: 'once' } });
    const said: string[] = [];
    const starting = [1, 2, 3].map(() =>
      driver.start(specOf(name), forever, (message) => said.push(message)),
    );
    await expect.poll(() => registry.pulls('team/once:1')).toBe(1);
    gate.resolve();
    await Promise.all(starting);
    expect(said.filter((message) => message === `Pulling image ${name}.`)).toHaveLength(3);
    await driver.start(specOf(name), forever);
    expect(registry.pulls('team/once:1')).toBe(1);
  });

  it('ends when nobody waits for it any longer, and begins again for the next', async () => {
    const gate = Promise.withResolvers<void>();
    registry.hold(gate.promise);
    const name = await registry.push('team/given-up:1', { files: { up: 'given up' } });
    const leaving = new AbortController();
    const starting = driver.start(specOf(name), leaving.signal);
    await expect.poll(() => registry.pulls('team/given-up:1')).toBe(1);
    leaving.abort(new Error('deleted'));
    await expect(starting).rejects.toThrow('deleted');
    gate.resolve();
    await ready(await driver.start(specOf(name), forever));
  });

  it.each([
    [
      'of an image that is not there',
      (): string => registry.nameOf('team/missing:1'),
      'NotFound',
      /manifest unknown/,
    ],
    ['without a registry', () => '127.0.0.1:1/team/none:1', 'InternalError', /cannot be pulled: .*refused/],
    [
      'of what is no name',
      () => 'Not An Image',
      'BadRequest',
      /is not the name of an image|invalid reference/,
    ],
  ])('%s fails at once with the words of the registry', async (_, name, reason, message) => {
    await expect(driver.start(specOf(name()), forever)).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(message),
    });
  });

  it('of an image for other processors is refused before anything is started', async () => {
    const other = process.arch === 'x64' ? 'arm64' : 'amd64';
    const name = await registry.push('team/other:1', { files: { a: 'b' }, architecture: other });
    const starting = driver.start(specOf(name), forever);
    await expect(starting).rejects.toThrow(new RegExp(`${other}|platform`));
    await expect(starting).rejects.toMatchObject({ name: 'ImageUnavailable' });
  });
});

describe('the volume with the runner', () => {
  it('is filled again where only a part of it was filled', async () => {
    const engine = dockerClient(host);
    const name = await registry.push('team/volume:1', { files: { a: 'volume' } });
    const volume = `troupe-runner-${(await engine.getImage(image).inspect()).Id.slice('sha256:'.length).slice(0, 12)}`;
    await driver.start(specOf(name), forever);
    for (const { id } of await driver.list()) await driver.remove(id);
    await engine.getContainer(volume).remove();
    await ready(await driver.start(specOf(name), forever));
    expect((await engine.getContainer(volume).inspect()).State.Status).toBe('created');
  });
});
