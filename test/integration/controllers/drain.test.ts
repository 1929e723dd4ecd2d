import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import path from 'node:path';
import { findCondition } from '#api/machinery/condition';
import { EXECUTORS, SANDBOXES, TASKS } from '#api/types/resources';
import { commandsFor } from '../../kit/command.ts';
import { play, playAlone, sandboxNameOf } from './play.ts';
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

const commands = () => commandsFor(path.join(world.dataDir, 'kubeconfig'));

it('a drained Executor becomes empty, and what ran there is tried elsewhere without losing an attempt', async () => {
  await p.create.everything();
  await p.executor('old', 2);
  const task = await p.create.task('t', { retryPolicy: { maxAttempts: 1 } });
  const [first, second] = [1, 2].map((attempt) => sandboxNameOf(task, 0, attempt)) as [string, string];
  await p.bound(first);
  await p.runs(first);
  await p.executor('new', 2);
  const drained = commands().troupe(['drain', 'old', '--grace-period', '0s']);
  const stopped = await p.there(SANDBOXES, first, ({ spec }) => spec.cancel === true);
  expect(stopped.spec.disruption).toBe('Drained');
  const [old] = await Promise.all([
    p.there(
      EXECUTORS,
      'old',
      ({ status }) => findCondition(status?.conditions, 'Drained')?.status === 'False',
    ),
    p.told('Evicted'),
  ]);
  expect(findCondition(old.status?.conditions, 'Drained')?.message).toBe('1 Sandbox still runs.');
  await p.stops(first);
  expect(await drained).toMatchObject({
    code: 0,
    stdout: 'executor.agent.wecode.io/old is being drained\nexecutor.agent.wecode.io/old drained\n',
  });
  const again = await p.bound(second);
  expect(again.spec.executorName).toBe('new');
  await p.succeeds(second, 'done');
  await p.task('t', 'COMPLETED');

  expect((await commands().troupe(['uncordon', 'old'])).code).toBe(0);
  const back = await p.there(
    EXECUTORS,
    'old',
    ({ status }) => findCondition(status?.conditions, 'Drained') === undefined,
  );
  expect(back.spec).not.toHaveProperty('drain');
});

it('a run that ends in the grace period is left alone', async () => {
  await p.create.everything();
  await p.executor('e', 2);
  const task = await p.create.task('t');
  const name = sandboxNameOf(task, 0, 1);
  await p.bound(name);
  const patch = ['patch', 'executor', 'e', '--type', 'merge', '-p'];
  const draining = await commands().kubectl([...patch, '{"spec":{"drain":{"gracePeriodSeconds":600}}}']);
  expect(draining.code).toBe(0);
  await p.there(
    EXECUTORS,
    'e',
    ({ status }) => findCondition(status?.conditions, 'Drained')?.status === 'False',
  );
  await p.succeeds(name, 'done');
  await p.there(
    EXECUTORS,
    'e',
    ({ status }) => findCondition(status?.conditions, 'Drained')?.status === 'True',
  );
  expect((await p.task('t', 'COMPLETED')).spec.cancel).not.toBe(true);
});

it('requirements of Team and Task lead to an Executor, and a missing one is told', async () => {
  await p.create.everything();
  await p.executor('plain', 2);
  await world.client.patch(
    EXECUTORS,
    { name: 'plain' },
    { type: 'merge', body: { metadata: { labels: { gpu: 'a100' } } } },
  );
  const { kubectl } = commands();
  const teamPatch =
    '{"spec":{"executorSelector":{"gpu":"h100"},"tolerations":[{"key":"only","operator":"Exists"}]}}';
  expect(
    (await kubectl(['-n', p.namespace, 'patch', 'team', 'team', '--type', 'merge', '-p', teamPatch])).code,
  ).toBe(0);
  const waiting = await p.create.task('w', { priority: 'high' });
  const name = sandboxNameOf(waiting, 0, 1);
  const sandbox = await p.there(SANDBOXES, name, ({ status }) => status?.reason === 'NoExecutor');
  expect(sandbox.status?.message).toContain('1 did not have the label gpu=h100');
  expect(sandbox.spec).toMatchObject({ priority: 1000, userName: expect.any(String) as string });
  await p.executor('tainted', 2);
  const body = {
    metadata: { labels: { gpu: 'h100' } },
    spec: { taints: [{ key: 'only', value: 'x', effect: 'NoSchedule' }] },
  };
  await world.client.patch(EXECUTORS, { name: 'tainted' }, { type: 'merge', body });
  expect((await p.bound(name)).spec.executorName).toBe('tainted');
  const other = await p.create.task('o', { executorSelector: { gpu: 'a100' } });
  expect((await p.bound(sandboxNameOf(other, 0, 1))).spec.executorName).toBe('plain');
  expect((await world.client.get(TASKS, p.within('w'))).status?.status).not.toBe('FAILED');
});

it('a run that waits is bound by what its Task says by now', async () => {
  await p.create.everything();
  await p.executor('one', 1);
  const holder = sandboxNameOf(await p.create.task('holder'), 0, 1);
  await p.bound(holder);
  const early = sandboxNameOf(await p.create.task('early'), 0, 1);
  const lost = await p.create.task('lost', { executorSelector: { gpu: 'none' } });
  await p.there(SANDBOXES, early, ({ status }) => status?.reason === 'NoCapacity');
  const late = sandboxNameOf(lost, 0, 1);
  await p.there(SANDBOXES, late, ({ status }) => status?.reason === 'NoExecutor');
  await world.client.patch(TASKS, p.within('lost'), {
    ...{ type: 'merge', body: { spec: { priority: 'high', executorSelector: null } } },
  });
  await p.there(SANDBOXES, late, ({ spec }) => spec.priority === 1000 && spec.executorSelector === undefined);
  await p.succeeds(holder, 'done');
  expect((await p.bound(late)).spec.executorName).toBe('one');
  expect((await world.client.get(SANDBOXES, p.within(early))).spec.executorName).toBeUndefined();
});

it('a run gives way to one of a higher class where that is switched on, and is tried again without losing an attempt', async () => {
  await using strict = await startWorld();
  await strict.startControllers({ preemption: true });
  const q = play(strict.client, 'default');
  await q.create.everything();
  await q.executor('e', 1);
  const meek = await q.create.task('meek', { priority: 'low', retryPolicy: { maxAttempts: 1 } });
  const [first, second] = [1, 2].map((attempt) => sandboxNameOf(meek, 0, attempt)) as [string, string];
  await q.bound(first);
  await q.runs(first);
  const urgent = sandboxNameOf(await q.create.task('urgent', { priority: 'medium' }), 0, 1);
  const stopped = await q.there(SANDBOXES, first, ({ spec }) => spec.cancel === true);
  expect(stopped.spec.disruption).toBe('Preempted');
  await q.stops(first);
  await q.bound(urgent);
  await q.succeeds(urgent, 'done');
  await q.bound(second);
  await q.succeeds(second, 'done');
  await q.task('meek', 'COMPLETED');
});
