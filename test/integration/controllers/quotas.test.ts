import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import { isStatusError } from '#api/machinery/status-error';
import { CONFIG_MAPS, GHOSTS, RESOURCE_QUOTAS, SANDBOXES, TASKS } from '#api/types/resources';
import { commandsFor } from '../../kit/command.ts';
import { playAlone, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let p: Play;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  p = await playAlone(world.client);
  return () => p.removeExecutors();
});

const kubectl = (args: readonly string[]) =>
  commandsFor(path.join(world.dataDir, 'kubeconfig')).kubectl(['-n', p.namespace, ...args]);

/** Makes a quota with kubectl, and waits until it is in force. */
async function quota(name: string, hard: string): Promise<void> {
  const made = await kubectl(['create', 'quota', name, `--hard=${hard}`]);
  expect(made).toMatchObject({ code: 0, stdout: `resourcequota/${name} created\n` });
  const count = hard.split(',').length;
  await p.there(RESOURCE_QUOTAS, name, ({ status }) => Object.keys(status?.used ?? {}).length === count);
}

const used = async (name: string, holds: (used: Record<string, string>) => boolean) =>
  (await p.there(RESOURCE_QUOTAS, name, ({ status }) => holds(status?.used ?? {}))).status;

describe('a quota of objects', () => {
  it('refuses one more in the words of Kubernetes, and lets it in when another is deleted', async () => {
    await p.create.ghost('first');
    await quota('few', 'count/ghosts.agent.wecode.io=2,count/configmaps=5');
    expect((await used('few', () => true))?.used).toMatchObject({ 'count/ghosts.agent.wecode.io': '1' });
    await p.create.ghost('second');
    await expect(p.create.ghost('third')).rejects.toMatchObject({
      reason: 'Forbidden',
      message:
        'ghosts.agent.wecode.io "third" is forbidden: exceeded quota: few, requested: count/ghosts.agent.wecode.io=1, used: count/ghosts.agent.wecode.io=2, limited: count/ghosts.agent.wecode.io=2',
    });
    expect((await used('few', () => true))?.used).toMatchObject({ 'count/ghosts.agent.wecode.io': '2' });
    await world.client.delete(GHOSTS, p.within('first'));
    await used('few', (now) => now['count/ghosts.agent.wecode.io'] === '1');
    await p.create.ghost('third');
  });

  it('is never passed, however many ask at once', async () => {
    await quota('few', 'count/configmaps=6,configmaps=9');
    // One is there already: the certificate of the server.
    await p.there(CONFIG_MAPS, 'kube-root-ca.crt');
    await used('few', (now) => now['configmaps'] === '1' && now['count/configmaps'] === '1');
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        world.client.create(CONFIG_MAPS, {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { namespace: p.namespace, name: `m${index}` },
        }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(refused.every((error) => isStatusError(error, 'Forbidden'))).toBe(true);
  });

  it('counts nothing in a dry run', async () => {
    await quota('few', 'count/ghosts.agent.wecode.io=1');
    const dry = await kubectl(['create', 'configmap', 'x', '--dry-run=server']);
    expect(dry.code).toBe(0);
    await p.create.ghost('only');
    const described = await kubectl(['describe', 'quota', 'few']);
    expect(described.stdout).toMatch(/count\/ghosts\.agent\.wecode\.io\s+1\s+1/);
    const ns = await kubectl(['describe', 'namespace', p.namespace]);
    expect(ns.stdout).toMatch(/Resource Quotas[^]*few[^]*count\/ghosts\.agent\.wecode\.io\s+1\s+1/);
    expect((await kubectl(['get', 'quota'])).stdout).toMatch(
      /NAME +REQUEST +LIMIT +AGE\nfew +count\/ghosts\.agent\.wecode\.io: 1\/1/,
    );
  });
});

describe('a quota of Sandboxes', () => {
  it('lets Tasks wait, says which quota, and lets the next one run when one ends', async () => {
    await p.create.everything();
    await p.executor('e', 9);
    await quota('room', 'count/sandboxes.agent.wecode.io=1,limits.cpu=8,requests.memory=3Gi');
    const tasks = [await p.create.task('a'), await p.create.task('b')] as const;
    const [first, second] = [sandboxNameOf(tasks[0], 0, 1), sandboxNameOf(tasks[1], 0, 1)];
    const bound = await Promise.race([first, second].map((name) => p.bound(name)));
    const other = bound.metadata.name === first ? second : first;
    const waiting = await p.there(SANDBOXES, other, ({ status }) => status?.reason === 'QuotaExceeded');
    const message =
      'exceeded quota: room, requested: count/sandboxes.agent.wecode.io=1,requests.memory=2Gi, used: count/sandboxes.agent.wecode.io=1,requests.memory=2Gi, limited: count/sandboxes.agent.wecode.io=1,requests.memory=3Gi';
    expect(findCondition(waiting.status?.conditions, 'Scheduled')).toMatchObject({
      status: 'False',
      message,
    });
    const status = await used('room', (now) => now['count/sandboxes.agent.wecode.io'] === '1');
    expect(status).toEqual({
      hard: { 'count/sandboxes.agent.wecode.io': '1', 'limits.cpu': '8', 'requests.memory': '3Gi' },
      used: { 'count/sandboxes.agent.wecode.io': '1', 'limits.cpu': '2', 'requests.memory': '2Gi' },
    });
    await p.succeeds(bound.metadata.name, 'done');
    await p.bound(other);
    await world.client.patch(RESOURCE_QUOTAS, p.within('room'), {
      type: 'merge',
      body: { spec: { hard: { 'limits.cpu': '9' } } },
    });
    await used('room', () => true);
    expect(
      (await world.client.list(TASKS, { namespace: p.namespace })).items.map(({ status }) => status?.status),
    ).not.toContain('FAILED');
  });

  it('that is raised lets those who wait go on', async () => {
    await p.create.everything();
    await p.executor('e', 9);
    await quota('room', 'pods=0');
    const task = await p.create.task('a');
    const name = sandboxNameOf(task, 0, 1);
    await p.there(SANDBOXES, name, ({ status }) => status?.reason === 'QuotaExceeded');
    await world.client.patch(RESOURCE_QUOTAS, p.within('room'), {
      type: 'merge',
      body: { spec: { hard: { pods: '1' } } },
    });
    await p.bound(name);
  });
});

it.each([
  {
    hard: 'tasks=1',
    why: 'spec.hard[tasks]: Invalid value: "tasks": must be a standard resource type or fully qualified',
  },
  { hard: 'pods=-1', why: 'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0' },
  { hard: 'pods=1500m', why: 'spec.hard[pods]: Invalid value: "1500m": must be an integer' },
])('a quota of $hard is refused', async ({ hard, why }) => {
  expect((await kubectl(['create', 'quota', 'q', `--hard=${hard}`])).stderr).toContain(why);
});

it('scopes are refused', async () => {
  const made = await kubectl(['create', 'quota', 'q', '--hard=pods=1', '--scopes=BestEffort']);
  expect(made.stderr).toContain('spec.scopes: Forbidden: scopes are not supported');
});
