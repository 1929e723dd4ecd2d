import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Faults } from '#api/client/with-faults';
import { formatTime, systemClock } from '#api/machinery/clock';
import { findCondition, withCondition } from '#api/machinery/condition';
import { executorNotReady } from '#api/types/executor';
import { EXECUTORS, GHOSTS, NAMESPACES, SANDBOXES, TASKS, TEAMS } from '#api/types/resources';
import { everyThird } from './faults.ts';
import { play, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let p: Play;

beforeEach(async () => {
  world = await startWorld();
  const name = `n${randomBytes(4).toString('hex')}`;
  await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  p = play(world.client, name);
});
afterEach(() => world[Symbol.asyncDispose]());

describe('controllers', () => {
  it('get everything done although calls fail, answers are lost and watches are cut', async () => {
    await world.startControllers({ faults: everyThird() });
    await p.executor('e1', 2);
    await p.create.everything({ name: 'one' }, { name: 'two' });
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(
      names.map(async (name) => {
        const task = await p.create.task(name);
        for (const step of [0, 1]) {
          await p.bound(sandboxNameOf(task, step, 1));
          await p.succeeds(sandboxNameOf(task, step, 1), 'x');
        }
        await p.task(name, 'COMPLETED');
      }),
    );
    expect((await p.sandboxes()).length).toBe(8);
  });

  it('ask nothing about a Task that has ended, nor about the Team of one under way', async () => {
    const stop = await world.startControllers();
    await p.executor('e1', 5);
    await p.create.everything({ name: 'one' }, { name: 'two' });
    const over = sandboxNameOf(await p.create.task('over'), 0, 1);
    await p.bound(over);
    await p.edit('over', { cancel: true });
    await p.stops(over);
    await p.task('over', 'CANCELLED');
    const going = await p.create.task('going');
    await p.bound(sandboxNameOf(going, 0, 1));
    await stop();
    const asked: (string | undefined)[] = [];
    await world.startControllers({
      faults: { before: ({ verb, type }) => void (verb === 'get' && asked.push(type?.plural)) },
    });
    await p.succeeds(sandboxNameOf(going, 0, 1), 'x');
    await p.bound(sandboxNameOf(going, 1, 1));
    await p.succeeds(sandboxNameOf(going, 1, 1), 'y');
    await p.task('going', 'COMPLETED');
    expect(asked).not.toContain('teams');
  });

  it('go on where others stopped', async () => {
    const stop = await world.startControllers();
    await p.executor('e1', 5);
    await p.create.everything({ name: 'one' }, { name: 'two' });
    const task = await p.create.task('t');
    const [first, second] = [sandboxNameOf(task, 0, 1), sandboxNameOf(task, 1, 1)];
    await p.bound(first);
    await stop();
    // What happens while no controller runs is seen by the next one.
    await p.succeeds(first, 'x');
    const later = await p.create.task('later');
    await world.startControllers();
    await p.bound(second);
    await p.bound(sandboxNameOf(later, 0, 1));
    await p.succeeds(second, 'y');
    await p.task('t', 'COMPLETED');
  });

  it('collect the Sandbox of a Task that was deleted while none of them ran', async () => {
    const stop = await world.startControllers();
    await p.create.everything();
    const task = await p.create.task('t');
    const name = sandboxNameOf(task, 0, 1);
    await p.there(SANDBOXES, name);
    await stop();
    await p.client.delete(TASKS, p.within('t'));
    await world.startControllers();
    await p.until(SANDBOXES, name, (sandbox) => sandbox === undefined);
  });

  it('collect an object that is given to an owner that is gone', async () => {
    await world.startControllers();
    await p.create.ghost('owner');
    const { metadata } = await p.client.get(GHOSTS, p.within('owner'));
    await p.create.ghost('dependent');
    await p.there(GHOSTS, 'dependent', ({ status }) => status?.state === 'Available');
    await p.client.delete(GHOSTS, p.within('owner'));
    const owner = { apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', name: 'owner', uid: metadata.uid };
    await p.client.patch(GHOSTS, p.within('dependent'), {
      type: 'merge',
      body: { metadata: { ownerReferences: [{ ...owner, controller: true }] } },
    });
    await p.until(GHOSTS, 'dependent', (ghost) => ghost === undefined);
  });

  it('mark an Executor that fell silent, and give its Sandboxes up when it stays silent', async () => {
    // The controllers' clock runs ahead by this much; their timers do not.
    let ahead = 0;
    await world.startControllers({ clock: { ...systemClock, now: () => Date.now() + ahead } });
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t', { retryPolicy: { maxAttempts: 1 } });
    const name = sandboxNameOf(task, 0, 1);
    await p.bound(name);
    ahead = 45_000;
    await p.executorStatus('e1', { message: 'looked at again' });
    await p.there(EXECUTORS, 'e1', ({ status }) => {
      const ready = findCondition(status?.conditions, 'Ready');
      return ready?.status === 'Unknown' && ready.reason === 'HeartbeatLost';
    });
    ahead += 61_000;
    await p.runs(name);
    await p.there(SANDBOXES, name, ({ status }) => status?.reason === 'ExecutorLost');
    const failed = await p.task('t', 'FAILED');
    expect(failed.status?.errorMessage).toContain('ExecutorLost');
    // Nobody is left to remove its container: deleting it does not wait for ever.
    await p.client.delete(SANDBOXES, p.within(name));
    await p.until(SANDBOXES, name, (sandbox) => sandbox === undefined);
  });

  it('give an Executor its time to report when they had to wait for the server themselves', async () => {
    const stop = await world.startControllers();
    await p.executor('e1', 5);
    await p.create.everything();
    const name = sandboxNameOf(await p.create.task('t'), 0, 1);
    await p.bound(name);
    await stop();
    const stopped = executorNotReady('Stopped', 'stopped');
    const at = { now: formatTime(Date.now() - 3_600_000) };
    await p.executorStatus('e1', { conditions: withCondition([], stopped, at) });
    let ahead = 0;
    const clock = { ...systemClock, now: () => Date.now() + ahead };
    const faults: Faults = {
      before({ verb }) {
        if (verb === 'list') ahead = 600_000;
      },
    };
    await world.startControllers({ clock, faults });
    const later = sandboxNameOf(await p.create.task('later'), 0, 1);
    // One worker, first come first served: the Sandbox that is bound was looked at before this one.
    await p.there(SANDBOXES, later, ({ status }) => status?.reason === 'NoExecutor');
    expect((await p.client.get(SANDBOXES, p.within(name))).status?.phase).toBe('Pending');
  });

  it('take a Task up with the Ghost as it was changed before, although they learn of that change later', async () => {
    const asked = Promise.withResolvers<void>();
    let isHeld = false;
    await world.startControllers({
      faults: {
        before({ verb, type }) {
          if (isHeld && verb === 'get' && type?.kind === 'Ghost') asked.resolve();
        },
        async onEvent(_call, event): Promise<'pass'> {
          if (isHeld && event.object.kind === 'Ghost') await asked.promise;
          return 'pass';
        },
      },
    });
    await p.create.everything();
    await p.there(TEAMS, 'team', ({ status }) => status?.state === 'Available');
    isHeld = true;
    await p.client.patch(GHOSTS, p.within('ghost'), {
      type: 'merge',
      body: { spec: { systemPrompt: 'You are new.' } },
    });
    const name = sandboxNameOf(await p.create.task('t'), 0, 1);
    const sandbox = await p.there(SANDBOXES, name);
    asked.resolve();
    expect(sandbox.spec.agent?.systemPrompt).toBe('You are new.');
  });

  it('fail a Task whose plan the server refuses to store, instead of trying for ever', async () => {
    await world.startControllers();
    const long = 'x'.repeat(1024 * 1024);
    await p.create.ghost('ghost', { systemPrompt: long });
    await Promise.all([p.create.shell('shell'), p.create.model('model'), p.create.bot('bot')]);
    await p.create.team(
      'team',
      Array.from({ length: 6 }, () => ({ botRef: { name: 'bot' } })),
    );
    await p.create.task('t', { prompt: long });
    const task = await p.task('t', 'FAILED');
    expect(task.status?.errorMessage).toMatch(/^The Task failed: RevisionRefused: /);
  });
});
