import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { TaskEvent } from '#api/types/tasks/task-event';
import { dockerClient } from '#dev/environment/docker/docker';
import { dockerHosts } from '#dev/environment/docker/docker-hosts';
import type { DockerHost } from '#dev/environment/docker/docker-hosts';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { evidence } from '../kit/evidence.ts';
import { manifests, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { TROUPE } from '../kit/paths.ts';
import { startTroupe } from '../kit/troupe-process.ts';

/**
 * Three machines with Docker, which only ever open connections to the API. One loses its link while it runs a step:
 * the step goes on elsewhere, never in two places at once, and when the link is back nothing is left of the old one.
 */
const stack = new AsyncDisposableStack();
const hosts = new Map<string, DockerHost>();
let commands: Commands;
let kubeconfig: string;

/** Twelve seconds of words: longer than anything here takes, but for the loss of an Executor. */
const WORDS = Array.from({ length: 60 }, (_, at) => `word${at}`).join(' ');
const SCRIPT = `
rules:
  - when: { contains: slow }
    reply: ${WORDS}
    chunkDelay: 200ms
  - reply: done
`;
/** The controllers count from the third second without a report, and give the step away fifteen seconds later. */
const HEARTBEAT = ['--heartbeat-interval', '1s', '--heartbeat-lost-after', '3s'];
const GRACE = ['--executor-grace-period', '15s'];

beforeAll(async () => {
  const { DOCKER_HOST = '', EXECUTOR_IMAGE = '' } = process.env;
  const network = stack.use(await dockerHosts(3, { host: DOCKER_HOST, image: EXECUTOR_IMAGE }));
  const { address } = network;
  const folder = stack.use(await temporaryFolder('remote')).path;
  const model = stack.use(await modelService(SCRIPT, address));
  await startControlPlane(folder, address);
  for (const [at, host] of network.hosts.entries()) {
    const name = `machine-${at + 1}`;
    hosts.set(name, host);
    stack.use(await startManager(name, host, { folder, address }));
  }
  await commands.mustKubectl(['wait', 'executors', '--all', '--for=condition=Ready', '--timeout=60s']);
  await commands.apply(teamManifests({ name: 'chat', modelURL: model.url, shellType: 'Chat' }));
});
afterAll(async () => {
  await stack.disposeAsync();
});

async function startControlPlane(folder: string, address: string): Promise<void> {
  const listen = `${address}:${await freePort({ host: address })}`;
  const dataDir = path.join(folder, 'data');
  kubeconfig = path.join(folder, 'kubeconfig');
  stack.use(
    await startTroupe({
      args: ['api', '--listen', listen, '--data-dir', dataDir, '--write-kubeconfig', kubeconfig],
      env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '', TROUPE_ALLOWED_ADDRESSES: address },
      readyLine: /^troupe api ready/,
    }),
  );
  const identity = path.join(dataDir, 'identities/kube-system/troupe-controllers/kubeconfig');
  stack.use(
    await startTroupe({
      args: ['controllers', '--kubeconfig', identity, ...GRACE],
      env: { TROUPE_ALLOWED_ADDRESSES: address },
      readyLine: /^troupe controllers ready/,
    }),
  );
  commands = commandsFor(kubeconfig);
}

/** Joins as an administrator would have it: by the command that was printed. */
async function startManager(
  name: string,
  host: DockerHost,
  { folder, address }: { folder: string; address: string },
): Promise<RunningProcess> {
  const printed = await commands.mustTroupe(['executor', 'token', 'create', name]);
  const [, ...args] = printed.trim().split(' ');
  const [command, ...enter] = host.enter;
  const running = await startProcess({
    command,
    args: [
      ...enter,
      TROUPE,
      ...args,
      '--data-dir',
      path.join(folder, name),
      '--driver',
      'docker',
      ...HEARTBEAT,
    ],
    env: {
      ...process.env,
      ...{ KUBECONFIG: '', HOME: folder, DOCKER_HOST: host.engine, TROUPE_ALLOWED_ADDRESSES: address },
      // A Chat has a container, as agents with tools have.
      MAX_CONCURRENT_CONVERSATIONS: '0',
    },
    patienceMs: 30_000,
  });
  stack.use(evidence(name, () => running.output()));
  const ready = (): boolean => running.output().includes('troupe executor-manager ready');
  await running.until({ what: 'get ready', ready, timeoutMs: 60_000 });
  return running;
}

const at = (name: string): DockerHost => {
  const host = hosts.get(name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return host;
};

/** States of the containers of sandboxes on a host: running, paused, exited. */
async function containersOn(name: string): Promise<string[]> {
  const all = await dockerClient(at(name).engine).listContainers({ all: true });
  return all.map(({ State }) => State);
}

async function sandboxesOf(name: string): Promise<Sandbox[]> {
  const text = await commands.mustKubectl([
    ...['get', 'sandboxes', '-l', `agent.wecode.io/task=${name}`],
    ...['--sort-by=.metadata.creationTimestamp', '-o', 'json'],
  ]);
  return (JSON.parse(text) as { items: Sandbox[] }).items;
}

async function until<T>(what: string, look: () => Promise<T | undefined>, patienceMs = 60_000): Promise<T> {
  for (const end = Date.now() + patienceMs; ; await delay(100)) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not in time: ${what}`);
  }
}

/** Runs a Task until its agent speaks. */
async function startTask(name: string): Promise<Sandbox> {
  await commands.apply(manifests(task({ name, team: 'chat', prompt: 'slow please' })));
  await using logs = await startProcess({
    command: TROUPE,
    args: ['logs', '-f', `task/${name}`, '--kubeconfig', kubeconfig],
  });
  await logs.until({ what: 'speak', ready: () => logs.output().includes('word1'), timeoutMs: 60_000 });
  const [sandbox] = await sandboxesOf(name);
  if (sandbox === undefined) throw new Error(`no Sandbox of ${name}`);
  return sandbox;
}

describe('executors that nobody can connect to', () => {
  it('are looked into all the same: exec comes back through the connection that they opened', async () => {
    const { metadata } = await startTask('seen');
    const pod = metadata.name;
    expect(await commands.mustKubectl(['exec', pod, '--', 'id', '-un'])).toMatch(/^agent\n$/);
    expect(await commands.mustKubectl(['logs', pod])).toContain('word1');
    await commands.mustKubectl(['wait', 'task/seen', '--for=condition=Complete', '--timeout=60s']);
  });

  it('lose their steps when they are cut off, and clean up when they are back', async () => {
    const { metadata, spec } = await startTask('cut');
    const lost = spec.executorName ?? '';
    await at(lost).unplug();

    const second = await until('a second attempt', async () =>
      (await sandboxesOf('cut')).find(
        ({ spec: { executorName = '' } }) => !['', lost].includes(executorName),
      ),
    );
    expect(await containersOn(lost), 'two attempts never run at once').toEqual(['paused']);
    expect((await commands.get<Sandbox>('sandbox', metadata.name)).status).toMatchObject({
      phase: 'Failed',
      reason: 'ExecutorLost',
    });
    await at(lost).plugIn();
    await commands.mustKubectl(['wait', `executor/${lost}`, '--for=condition=Ready', '--timeout=60s']);
    await until('the old sandbox is gone', async () =>
      (await containersOn(lost)).length === 0 ? true : undefined,
    );
    await commands.mustKubectl(['wait', 'task/cut', '--for=condition=Complete', '--timeout=60s']);

    const log = await commands.mustKubectl([
      ...['get', '--raw', '/apis/agent.wecode.io/v1/namespaces/default/tasks/cut/log?format=jsonl'],
    ]);
    const events = log
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TaskEvent);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    const said = events
      .filter(({ type, source }) => type === 'text' && source === second.metadata.name)
      .map(({ data }) => data['text'])
      .join('');
    expect(said).toBe(WORDS);
    expect(await sandboxesOf('cut')).toHaveLength(2);
  });

  it('go on with their steps after a short cut', async () => {
    const { spec } = await startTask('short');
    const executor = spec.executorName ?? '';
    await at(executor).unplug();
    await until('the container pauses', async () =>
      (await containersOn(executor)).includes('paused') ? true : undefined,
    );
    await at(executor).plugIn();
    await commands.mustKubectl(['wait', 'task/short', '--for=condition=Complete', '--timeout=60s']);
    expect(await sandboxesOf('short')).toHaveLength(1);
  });

  it('become empty one after the other', async () => {
    const { spec } = await startTask('moved');
    const executor = spec.executorName ?? '';
    const others = [...hosts.keys()].filter((name) => name !== executor);
    await commands.mustTroupe(['cordon', others[0] ?? '']);
    await commands.mustTroupe(['drain', executor, '--grace-period', '0s', '--timeout', '60s']);
    await commands.mustKubectl(['wait', 'task/moved', '--for=condition=Complete', '--timeout=60s']);
    const ran = (await sandboxesOf('moved')).map((sandbox) => sandbox.spec.executorName);
    expect(ran).toEqual([executor, others[1]]);
    expect(await commands.mustTroupe(['executor', 'delete', executor])).toContain('refused from now on');
  });

  it('leave nothing behind', async () => {
    await commands.mustKubectl(['delete', 'tasks', '--all', '--timeout=60s']);
    await until('all containers are gone', async () => {
      const left = (await Promise.all([...hosts.keys()].map(containersOn))).flat();
      return left.length === 0 ? true : undefined;
    });
  });
});
