import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox } from '#api/types/generated/sandbox';
import { BOTS, EXECUTORS, GHOSTS, SANDBOXES, TASKS, TEAMS } from '#api/types/resources';
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

/** Each test has a namespace of its own; Executors are for all and go with the test. */
beforeEach(async () => {
  p = await playAlone(world.client);
  return () => p.removeExecutors();
});

const isReady = (object: { status?: { state?: string } }): boolean => object.status?.state === 'Available';

describe('Bots and Teams', () => {
  it('follow what they refer to when it appears, vanishes and comes back', async () => {
    await p.create.team('team', [{ botRef: { name: 'bot' } }]);
    const team = await p.there(TEAMS, 'team', ({ status }) => status !== undefined);
    expect(team.status?.message).toBe(`spec.members[0].botRef: Bot "${p.namespace}/bot" not found.`);
    await p.create.bot('bot');
    const bot = await p.there(BOTS, 'bot', ({ status }) => status !== undefined);
    expect(findCondition(bot.status?.conditions, 'Ready')?.reason).toBe('GhostNotFound');
    await p.create.ghost('ghost');
    await p.there(BOTS, 'bot', ({ status }) => status?.conditions?.[0]?.reason === 'ShellNotFound');
    await p.create.shell('shell');
    await p.there(BOTS, 'bot', ({ status }) => status?.conditions?.[0]?.reason === 'ModelNotFound');
    await p.create.model('model');
    await p.there(TEAMS, 'team', isReady);

    await p.client.delete(GHOSTS, p.within('ghost'));
    await p.there(TEAMS, 'team', ({ status }) => status?.conditions?.[0]?.reason === 'BotNotReady');
    await p.create.ghost('ghost');
    await p.there(TEAMS, 'team', isReady);
  });
});

describe('a Task', () => {
  it('waits for its Team and Workspace, says so, and goes on when they appear', async () => {
    const created = await p.create.task('t', { workspaceRef: { name: 'w' } });
    const waiting = await p.task('t', 'PENDING');
    expect(findCondition(waiting.status?.conditions, 'Ready')).toMatchObject({
      reason: 'WaitingForTeam',
      message: `spec.teamRef: Team "${p.namespace}/team" not found.`,
    });
    await p.told('WaitingForTeam');
    await p.create.everything();
    const reason = (word: string) => (task: typeof created) =>
      findCondition(task.status?.conditions, 'Ready')?.reason === word;
    await p.there(TASKS, 't', reason('WaitingForWorkspace'));
    await p.create.workspace('w');
    await p.there(TASKS, 't', reason('Planned'));
    const sandbox = await p.there(SANDBOXES, sandboxNameOf(created, 0, 1));
    expect(sandbox.spec.workspace).toMatchObject({ branchName: 'main', workBranch: 'troupe/t' });
    expect(JSON.stringify([sandbox, await p.client.get(TASKS, p.within('t'))])).not.toContain('hush');
  });

  it('runs its steps one after the other with the configuration as it was at the start', async () => {
    await p.executor('e1', 5);
    await p.create.everything(
      { name: 'dev', contextPassing: 'previous_bot' },
      { name: 'review', prompt: 'Review.' },
    );
    const task = await p.create.task('t');
    const [first, second] = [sandboxNameOf(task, 0, 1), sandboxNameOf(task, 1, 1)];
    expect((await p.bound(first)).spec).toMatchObject({
      executorName: 'e1',
      prompt: 'do it',
      stepName: 'dev',
    });
    await p.runs(first);
    await p.task('t', 'RUNNING');

    await expect(p.edit('t', { prompt: 'do something else' })).rejects.toThrow(
      'cannot be changed once the Task has been taken up',
    );
    await p.client.patch(GHOSTS, p.within('ghost'), {
      type: 'merge',
      body: { spec: { systemPrompt: 'Other.' } },
    });
    await p.client.delete(TEAMS, p.within('team'));
    await p.succeeds(first, 'written');
    const later = await p.bound(second);
    expect(later.spec.prompt).toBe('Review.\n\nResult of the step before, dev:\nwritten');
    expect(later.spec.agent?.systemPrompt).toBe('You are.');
    await p.succeeds(second, 'fine');
    const done = await p.task('t', 'COMPLETED');
    expect(done.status).toMatchObject({
      progress: 100,
      result: { value: 'fine', usage: { inputTokens: 2 } },
    });
    expect((await p.sandboxes()).length).toBe(2);
  });

  it('leaves a trail of Events', async () => {
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t');
    const name = sandboxNameOf(task, 0, 1);
    await p.bound(name);
    await p.succeeds(name, 'x');
    await p.task('t', 'COMPLETED');
    const events = await p.told(
      'TaskStarted',
      'StepStarted',
      'SandboxBound',
      'StepFinished',
      'TaskCompleted',
    );
    // That one became ready after the other, within moments, is no news.
    expect(events.filter((event) => event['type'] === 'Warning')).toEqual([]);
  });

  it('tries a step again elsewhere when its Executor is lost', async () => {
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t');
    const first = await p.bound(sandboxNameOf(task, 0, 1));
    await p.runs(first.metadata.name);
    await p.executor('e2', 5);
    await p.client.delete(EXECUTORS, { name: 'e1' });
    const second = await p.bound(sandboxNameOf(task, 0, 2));
    expect(second.spec.executorName).toBe('e2');
    expect((await p.client.get(SANDBOXES, p.within(first.metadata.name))).status).toMatchObject({
      phase: 'Failed',
      reason: 'ExecutorLost',
    });
    await p.succeeds(second.metadata.name, 'x');
    await p.task('t', 'COMPLETED');
  });

  it('tries again when its Sandbox was deleted, but not before that is gone', async () => {
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t');
    const [first, second] = [sandboxNameOf(task, 0, 1), sandboxNameOf(task, 0, 2)];
    await p.bound(first);
    await p.runs(first);
    await p.task('t', 'RUNNING');
    await p.client.delete(SANDBOXES, p.within(first));
    await p.there(TASKS, 't', ({ status }) => status?.message?.includes('is being deleted') === true);
    expect((await p.sandboxes()).map(({ metadata }) => metadata.name)).toEqual([first]);
    await p.lets(first);
    await p.bound(second);
  });

  it('is cancelled: the running step is stopped first', async () => {
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t');
    const name = sandboxNameOf(task, 0, 1);
    await p.bound(name);
    await p.runs(name);
    await p.edit('t', { cancel: true });
    await p.there(SANDBOXES, name, ({ spec }) => spec.cancel === true);
    await p.task('t', 'CANCELLING');
    await p.stops(name);
    await p.task('t', 'CANCELLED');
  });

  it('is cancelled before an Executor was found', async () => {
    await p.create.everything();
    const task = await p.create.task('t');
    const sandbox = await p.there(
      SANDBOXES,
      sandboxNameOf(task, 0, 1),
      ({ status }) => status?.reason === 'NoExecutor',
    );
    expect(sandbox.status?.message).toBe('There is no Executor; start an executor manager.');
    await p.there(
      TASKS,
      't',
      ({ status }) => findCondition(status?.conditions, 'Finished')?.reason === 'Unschedulable',
    );
    await p.edit('t', { cancel: true });
    await p.task('t', 'CANCELLED');
  });

  it('takes what belongs to it along when it is deleted', async () => {
    await p.executor('e1', 5);
    await p.create.everything();
    const task = await p.create.task('t');
    const name = sandboxNameOf(task, 0, 1);
    await p.bound(name);
    await p.client.delete(TASKS, p.within('t'));
    await p.there(SANDBOXES, name, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    await p.lets(name);
    await p.until(SANDBOXES, name, (sandbox) => sandbox === undefined);
  });

  it('leaves nothing behind when it is deleted before it was bound', async () => {
    await p.create.everything();
    const task = await p.create.task('t');
    const name = sandboxNameOf(task, 0, 1);
    await p.there(SANDBOXES, name);
    await p.client.delete(TASKS, p.within('t'));
    await p.until(SANDBOXES, name, (sandbox) => sandbox === undefined);
  });

  it('of a Team whose members cannot work together so waits, with the name of the field', async () => {
    await p.create.everything();
    await p.create.team('routed', [{ botRef: { name: 'bot' } }], 'route');
    await p.create.task('t', { teamRef: { name: 'routed' } });
    const waits = (message: string | undefined): boolean =>
      message?.includes('needs the role leader') === true;
    await p.there(TASKS, 't', ({ status }) => waits(findCondition(status?.conditions, 'Finished')?.message));
  });
});

describe('many at once', () => {
  const held = (sandboxes: readonly Sandbox[]): Sandbox[] =>
    sandboxes.filter(({ spec, status }) => spec.executorName !== undefined && status?.phase !== 'Succeeded');

  it('an Executor is never given more than it takes, and every Task gets its turn', async () => {
    await p.executor('e1', 3);
    await p.create.everything();
    const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
    const tasks = await Promise.all(names.map((name) => p.create.task(name)));
    const waiting = new Set(tasks.map((task) => sandboxNameOf(task, 0, 1)));
    while (waiting.size > 0) {
      const next = await Promise.race([...waiting].map((name) => p.bound(name)));
      expect(held(await p.sandboxes()).length).toBeLessThanOrEqual(3);
      await p.succeeds(next.metadata.name, 'x');
      waiting.delete(next.metadata.name);
    }
    await Promise.all(names.map((name) => p.task(name, 'COMPLETED')));
  });

  it('each Sandbox is asked for once, although its Task changes before the cache shows it', async () => {
    const asked: string[] = [];
    const counted = await startWorld();
    await using _world = counted;
    await counted.startControllers({
      faults: {
        before({ verb, type, ref }) {
          if (verb === 'create' && type?.plural === SANDBOXES.plural) asked.push(ref?.name ?? '');
        },
      },
    });
    const q = play(counted.client, 'default');
    await q.create.everything({}, {});
    await q.executor('e', 5);
    const tasks = await Promise.all(['a', 'b', 'c', 'd'].map((name) => q.create.task(name)));
    await Promise.all(
      tasks.map(async (task) => {
        for (const step of [0, 1]) {
          const name = sandboxNameOf(task, step, 1);
          await q.bound(name);
          await q.runs(name);
          await q.succeeds(name, 'x');
        }
        await q.task(task.metadata.name, 'COMPLETED');
      }),
    );
    expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());
    expect(asked).toHaveLength(8);
  });

  it('two sets of controllers make one Sandbox per step', async () => {
    const stop = await world.startControllers();
    try {
      await p.executor('e1', 100);
      await p.create.everything({ name: 'one' }, { name: 'two' });
      const names = Array.from({ length: 10 }, (_, index) => `t${index}`);
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
      expect((await p.sandboxes()).length).toBe(20);
    } finally {
      await stop();
    }
  });
});
