import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NAMESPACES, SANDBOXES, TASKS } from '#api/types/resources';
import { isRun } from '#api/types/sandboxes/sandbox';
import { readCredentials, runRequest } from '#executor-manager/run/run-request';
import { play, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

async function within(name: string): Promise<Play> {
  await world.client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return play(world.client, name);
}

const MiB = 1024 * 1024;

describe('long texts', () => {
  it('a prompt of 1 MiB beside a system prompt of 1 MiB reaches the run, letter by letter', async () => {
    const p = await within('long');
    const systemPrompt = 'ß'.repeat(MiB);
    const prompt = 'ä'.repeat(MiB);
    await Promise.all([
      p.create.ghost('ghost', { systemPrompt }),
      p.create.shell('shell'),
      p.create.model('model'),
      p.create.bot('bot'),
      p.create.team('team', [{ botRef: { name: 'bot' } }]),
    ]);
    const task = await p.create.task('t', { prompt });
    const sandbox = await p.there(SANDBOXES, sandboxNameOf(task, 0, 1));
    if (!isRun(sandbox)) throw new Error('the Sandbox is not that of a run');
    expect(sandbox.spec.agent).not.toHaveProperty('systemPrompt');
    const request = runRequest(sandbox.spec, await readCredentials(world.client, sandbox));
    expect(request.agent.systemPrompt === systemPrompt && request.prompt === prompt).toBe(true);
  });

  it('an answer of 150 kB is whole in the prompt of the next step', async () => {
    const p = await within('answer');
    await p.executor('e1', 5);
    await p.create.everything({ name: 'one', contextPassing: 'previous_bot' }, { name: 'two' });
    const task = await p.create.task('t');
    const first = sandboxNameOf(task, 0, 1);
    await p.bound(first);
    const answer = 'word '.repeat(30_000);
    await p.succeeds(first, answer);
    const second = await p.there(SANDBOXES, sandboxNameOf(task, 1, 1));
    expect(second.spec.prompt).toContain(answer);
    const { status } = await p.client.get(TASKS, p.within('t'));
    const told = String(status?.subTasks?.[0]?.result?.['value']);
    expect(told).toMatch(
      /\[The answer has 150000 bytes and is cut here; the log of the Task has all of it\.\]$/,
    );
  });

  it.each(['   ', '\n\t', '\u3000'])('a prompt of blanks is refused at once: %j', async (prompt) => {
    const p = play(world.client, 'default');
    await expect(p.create.task('blank', { prompt })).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringMatching(/spec\.prompt: Invalid value: .*must not be blank/),
    });
  });
});

it('two Tasks in one Workspace learn of each other, and have branches of their own', async () => {
  const p = await within('shared');
  await p.create.everything();
  await p.create.workspace('w');
  const branches: (string | undefined)[] = [];
  for (const name of ['a', 'b']) {
    const task = await p.create.task(name, { workspaceRef: { name: 'w' } });
    const sandbox = await p.there(SANDBOXES, sandboxNameOf(task, 0, 1));
    branches.push(sandbox.spec.workspace?.workBranch);
  }
  expect(branches).toEqual(['troupe/a', 'troupe/b']);
  const shared = async () =>
    (await p.told('WorkspaceShared')).filter((event) => event['reason'] === 'WorkspaceShared');
  await expect.poll(async () => (await shared()).length, { timeout: 20_000 }).toBe(2);
});
