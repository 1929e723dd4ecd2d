import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskEvent } from '#api/types/tasks/task-event';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { loadBalancer } from '#dev/environment/load-balancer';
import { manifests, task, teamManifests } from '../../kit/manifests.ts';
import { modelService } from '../../kit/model-script.ts';
import { startReplica, startTroupe } from '../../kit/troupe-process.ts';
import type { Replica, TroupeProcess } from '../../kit/troupe-process.ts';

/**
 * Replicas behind a load balancer whose address is no name of any of them: kubectl, two `troupe controllers` and an
 * executor manager know that address alone, while replicas are killed, stopped and started again.
 */
const HOST = '127.0.0.9';
const stack = new AsyncDisposableStack();
const running = new Map<string, TroupeProcess>();
let startOne: (port: number) => Promise<Replica>;
let ports: number[];
let url: string;
let kubeconfig: string;
let commands: Commands;

const SCRIPT = `
rules:
  - when: { contains: slow }
    reply: one two three four five six seven eight nine ten
    chunkDelay: 300ms
  - reply: done
`;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('balanced')).path;
  const { url: databaseURL } = stack.use(await freshDatabase('mariadb'));
  const model = stack.use(await modelService(SCRIPT));
  stack.defer(async () => {
    for (const one of [...running.values()].toReversed()) await one[Symbol.asyncDispose]();
  });
  ports = [await freePort(), await freePort(), await freePort()];
  const balancer = stack.use(await loadBalancer({ host: HOST, port: await freePort(), targets: ports }));
  ({ url } = balancer);
  const dataDir = path.join(folder, 'data');
  kubeconfig = path.join(dataDir, 'kubeconfig');
  startOne = async (port) => {
    const flags = ['--advertise-url', url];
    const replica = await startReplica({ dataDir, databaseURL, listen: `127.0.0.1:${port}`, flags });
    running.set(`replica ${port}`, replica);
    return replica;
  };
  await Promise.all(ports.map(startOne));
  const client = async (name: string, args: readonly string[]): Promise<void> => {
    const readyLine = /^troupe \S+ ready/;
    running.set(name, await startTroupe({ args: [...args, '--kubeconfig', kubeconfig], readyLine }));
  };
  await client('controllers 1', ['controllers']);
  await client('controllers 2', ['controllers']);
  const executorFolder = path.join(folder, 'executor');
  await client('executor', ['executor-manager', '--driver', 'process', '--data-dir', executorFolder]);
  commands = commandsFor(kubeconfig);
  await commands.apply(teamManifests({ name: 'chat', modelURL: model.url, shellType: 'Chat' }));
  await commands.mustKubectl(['wait', 'team/chat', '--for=condition=Ready']);
});
afterAll(() => stack.disposeAsync());

function replicaAt(port: number): TroupeProcess {
  const replica = running.get(`replica ${port}`);
  if (replica === undefined) throw new Error(`there is no replica at ${port}`);
  return replica;
}

async function eventLog(name: string): Promise<TaskEvent[]> {
  const place = `/apis/agent.wecode.io/v1/namespaces/default/tasks/${name}/log`;
  const text = await commands.mustKubectl(['get', '--raw', `${place}?format=jsonl`]);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TaskEvent);
}

describe('behind a load balancer', () => {
  it('the kubeconfig names it, and so does the certificate of every replica', async () => {
    const server = await commands.mustKubectl([
      ...['config', 'view', '--minify', '--output'],
      'jsonpath={.clusters[0].cluster.server}',
    ]);
    expect(server).toBe(url);
    // One connection each: the balancer takes them in turn.
    for (const _port of ports) expect(await commands.mustKubectl(['get', '--raw', '/readyz'])).toBe('ok');
  });

  it.each([
    ['killed', (replica: TroupeProcess) => replica.kill()],
    ['stopped', (replica: TroupeProcess) => replica.process.stop()],
  ])('kubectl works while one replica after the other is %s and started again', async (how, end) => {
    for (const [index, port] of ports.entries()) {
      const namespace = `${how}-${index}`;
      await end(replicaAt(port));
      await commands.mustKubectl(['create', 'namespace', namespace]);
      // The controllers have lost watches with the replica; they go on through the others.
      await commands.mustKubectl(['wait', '--for=create', `serviceaccount/default`, '-n', namespace]);
      await startOne(port);
      await commands.mustKubectl(['delete', 'namespace', namespace, '--timeout=60s']);
    }
  });

  it('a Task is done once, by two controllers, while replicas are killed in the middle of it', async () => {
    await commands.apply(manifests(task({ name: 'slow', team: 'chat', prompt: 'slow please' })));
    const isRunning = '--for=jsonpath={.status.status}=RUNNING';
    await commands.mustKubectl(['wait', 'task/slow', isRunning, '--timeout=60s']);
    for (const port of ports) {
      await replicaAt(port).kill();
      await startOne(port);
    }
    await commands.mustKubectl(['wait', 'task/slow', '--for=condition=Complete', '--timeout=120s']);
    const events = await eventLog('slow');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    const said = events.filter(({ type }) => type === 'text').map(({ data }) => data['text']);
    expect(said.join('')).toBe('one two three four five six seven eight nine ten');
    const sandboxes = await commands.mustKubectl(['get', 'sandboxes', '-o', 'name']);
    expect(sandboxes.trim().split('\n'), 'one attempt only').toHaveLength(1);
  });

  it('one controllers process goes on when the other is killed', async () => {
    await running.get('controllers 1')?.kill();
    await commands.apply(manifests(task({ name: 'quick', team: 'chat', prompt: 'quick' })));
    await commands.mustKubectl(['wait', 'task/quick', '--for=condition=Complete', '--timeout=120s']);
    await commands.mustKubectl(['delete', 'tasks', '--all', '--timeout=60s']);
    await commands.mustKubectl(['wait', 'sandboxes', '--all', '--for=delete', '--timeout=60s']);
  });
});
