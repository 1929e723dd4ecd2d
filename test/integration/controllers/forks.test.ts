import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Task, TaskSpec } from '#api/types/generated/task';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { playAlone, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** A Task that goes on from a step of another one, with the real server, controllers and collector. */

let world: World;
let p: Play;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  p = await playAlone(world.client);
  await p.create.everything({ contextPassing: 'previous_bot' }, {}, {});
  await p.create.workspace('w');
  await p.executor('e1', 5);
  await p.executor('e2', 5);
});
afterEach(() => p.removeExecutors());

/** The Sandbox of a step has come to a good end. */
async function does(task: Task, step: number): Promise<void> {
  const name = sandboxNameOf(task, step, 1);
  await p.bound(name);
  await p.succeeds(name, `answer ${step}`, { sessionId: `session-${step}` });
}

/** A pipeline whose first two steps are done. */
async function parent(spec: Partial<TaskSpec> = {}): Promise<Task> {
  const task = await p.create.task('t', { workspaceRef: { name: 'w' }, ...spec });
  await does(task, 0);
  await does(task, 1);
  await p.bound(sandboxNameOf(task, 2, 1));
  return task;
}

const fork = (forkFrom: NonNullable<TaskSpec['forkFrom']>, name = 'f'): Promise<Task> =>
  p.create.task(name, { workspaceRef: { name: 'w' }, forkFrom });

it('it does the rest, where the files are, with the TaskRevision of the other Task', async () => {
  const task = await parent();
  const made = await fork({ task: 't', step: 's0' });
  const next = await p.bound(sandboxNameOf(made, 1, 1));
  const first = await p.there(SANDBOXES, sandboxNameOf(task, 0, 1));
  expect(next.spec).toMatchObject({
    prompt: expect.stringContaining('answer 0'),
    executorName: first.spec.executorName,
    workspace: { workBranch: 'troupe/f' },
    continueFrom: [{ name: first.metadata.name, uid: first.metadata.uid, taskUID: task.metadata.uid }],
  });
  const { status } = await p.there(TASKS, 'f');
  const { revision } = (await p.there(TASKS, 't')).status ?? {};
  expect(status).toMatchObject({ status: 'RUNNING', revision });
  expect(status?.subTasks?.map(({ node, forkedFrom }) => [node, forkedFrom?.uid])).toEqual([
    ['s0', task.metadata.uid],
    ['s1', undefined],
    ['s2', undefined],
  ]);
  const events = await p.told('TaskForked');
  expect(events.find(({ reason }) => reason === 'TaskForked')?.['message']).toContain('Took over');
  await does(made, 1);
  await does(made, 2);
  const done = await p.task('f', 'COMPLETED');
  expect(done.status?.result).toMatchObject({ value: 'answer 2', usage: { inputTokens: 2 } });
  expect((await p.there(TASKS, 't')).status?.status).toBe('RUNNING');
});

it.each(['Background', 'Foreground'] as const)(
  'what it goes on with stays when the other Task is deleted (%s)',
  async (how) => {
    const task = await parent();
    await p.succeeds(sandboxNameOf(task, 2, 1), 'end');
    await p.task('t', 'COMPLETED');
    const made = await fork({ task: 't', step: 's1' });
    await p.bound(sandboxNameOf(made, 2, 1));
    await world.client.delete(TASKS, p.within('t'), { propagationPolicy: how });
    const [kept, lost] = [sandboxNameOf(task, 1, 1), sandboxNameOf(task, 2, 1)];
    await p.there(SANDBOXES, lost, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    const left = await p.there(SANDBOXES, kept, ({ metadata }) => metadata.ownerReferences?.length === 1);
    expect(left.metadata).toMatchObject({
      ownerReferences: [{ kind: 'Task', name: 'f', uid: made.metadata.uid }],
    });
    expect(left.metadata.deletionTimestamp).toBeUndefined();
    await does(made, 2);
    await p.task('f', 'COMPLETED');
    await world.client.delete(TASKS, p.within('f'), { propagationPolicy: how });
    await p.there(SANDBOXES, kept, ({ metadata }) => metadata.deletionTimestamp !== undefined);
    for (const { metadata } of await p.sandboxes()) await p.lets(metadata.name);
  },
);

it('suspended from its creation on, it owns what it takes over, and goes on when the other Task is gone', async () => {
  const task = await parent();
  const forkFrom = { task: 't', step: 's0' };
  const made = await p.create.task('f', { workspaceRef: { name: 'w' }, forkFrom, suspend: true });
  await p.there(TASKS, 'f', ({ status }) => status?.subTasks?.[0]?.forkedFrom?.uid === task.metadata.uid);
  await world.client.delete(TASKS, p.within('t'));
  await p.there(
    SANDBOXES,
    sandboxNameOf(task, 0, 1),
    ({ metadata }) => metadata.ownerReferences?.length === 1,
  );
  await p.edit('f', { suspend: false });
  await p.bound(sandboxNameOf(made, 1, 1));
  await does(made, 1);
  await does(made, 2);
  await p.task('f', 'COMPLETED');
});

it('the steps that follow hear a long answer in full', async () => {
  const task = await p.create.task('t', { workspaceRef: { name: 'w' } });
  const first = sandboxNameOf(task, 0, 1);
  await p.bound(first);
  const long = `${'x'.repeat(100_000)} the end`;
  await p.succeeds(first, long);
  await p.bound(sandboxNameOf(task, 1, 1));
  const made = await fork({ task: 't' });
  const { spec } = await p.bound(sandboxNameOf(made, 1, 1));
  expect(spec.prompt).toContain(long);
});

it('with words, the agent of the step goes on in its session', async () => {
  await parent();
  const made = await fork({ task: 't', step: 's0', text: 'Try another way.' });
  const name = `${made.metadata.name}-${(made.metadata.uid ?? '').slice(0, 5)}-message-1-a1`;
  const { spec } = await p.bound(name);
  expect(spec).toMatchObject({ prompt: 'Try another way.', session: { id: 'session-0' } });
  await p.succeeds(name, 'another way');
  const { status } = await p.task('f', 'COMPLETED');
  expect(status).toMatchObject({
    result: { value: 'another way' },
    messages: [{ state: 'Applied', node: 'message-1' }],
  });
});

it('is refused at once where the other Task does not go on behind the step', async () => {
  const task = await p.create.task('t', { workspaceRef: { name: 'w' } });
  const first = sandboxNameOf(task, 0, 1);
  await p.bound(first);
  await p.fails(first, 'AgentFailed');
  await p.task('t', 'FAILED');
  await expect(fork({ task: 't', step: 's0' })).rejects.toMatchObject({
    code: 422,
    message: expect.stringContaining('Task "t" does not go on behind step "s0", which is FAILED; words'),
  });
  const made = await fork({ task: 't', step: 's0', text: 'Try another way.' });
  await p.bound(`${made.metadata.name}-${(made.metadata.uid ?? '').slice(0, 5)}-message-1-a1`);
});

it('fails with the reason where the other Task is gone before it has begun', async () => {
  await using quiet = await startWorld();
  const alone = await playAlone(quiet.client);
  const made = await alone.create.task('t');
  const subTasks = [{ node: 's0', status: 'COMPLETED' }];
  await quiet.client.updateStatus(TASKS, { ...made, status: { revision: 'r', subTasks } });
  await alone.create.task('f', { forkFrom: { task: 't' } });
  await quiet.client.delete(TASKS, alone.within('t'));
  await alone.create.task('t');
  await quiet.startControllers();
  const { status } = await alone.task('f', 'FAILED');
  expect(status?.errorMessage).toContain('Task "t" was deleted before this one could take over');
});
