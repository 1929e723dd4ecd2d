import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTime, systemClock } from '#api/machinery/clock';
import { TASK_REVISIONS, TASKS, TEAMS } from '#api/types/resources';
import { KEEP_UNUSED_MS } from '#controllers/task-revision/plan';
import { bot, manifests, model, object, SECRET_KEY, shell } from '../../kit/manifests.ts';
import { until } from '../controllers/until.ts';
import { startWorld } from '../controllers/world.ts';
import type { World } from '../controllers/world.ts';
import { done } from './terminal.ts';

const ghostSaying = (systemPrompt: string) => object('Ghost', 'w', { systemPrompt });
const FIRST = ghostSaying('Write short sentences.');
const SECOND = ghostSaying('Write long sentences.');
const REST = [
  model({ name: 'w', modelURL: 'http://127.0.0.1:9' }),
  shell('w', 'Chat'),
  bot('w'),
  object('Team', 'writers', {
    collaborationModel: 'solo',
    members: [{ botRef: { name: 'w' }, role: 'leader' }],
  }),
];

describe('the revisions of a Team', () => {
  let world: World;
  const cli = (words: string, stdin?: string) =>
    done(path.join(world.dataDir, 'kubeconfig'), words.split(' '), stdin);

  /** The TaskRevision that a new Task is started with. */
  async function revisionOfTask(name: string): Promise<string> {
    await world.client.create(TASKS, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Task',
      metadata: { name, namespace: 'default' },
      spec: { prompt: 'Write.', teamRef: { name: 'writers' } },
    });
    const place = { type: TASKS, namespace: 'default', name };
    const started = await until(world.client, place, (task) => task?.status?.revision !== undefined);
    return started?.status?.revision ?? '';
  }

  beforeAll(async () => {
    world = await startWorld();
    await world.startControllers();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it('are shown, compared, gone back to, and left again', async () => {
    const fresh = await cli('diff -f -', manifests(FIRST, ...REST));
    expect(fresh).toMatchObject({ code: 1, stderr: '' });
    expect(fresh.stdout).toContain('+++ team/default/writers (effective after)');
    expect(fresh.stdout).toContain('+      systemPrompt: Write short sentences.');
    expect(fresh.stdout).not.toContain(SECRET_KEY);

    expect(await cli('apply -f -', manifests(FIRST, ...REST))).toMatchObject({ code: 0 });
    expect(await cli('diff -f -', manifests(FIRST, ...REST))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await cli('rollout status team/writers')).toMatchObject({
      stdout: 'team "writers" successfully rolled out: All members are ready.\n',
    });
    expect(await cli('rollout history team/writers')).toMatchObject({
      code: 1,
      stderr: 'error: no rollout history found for team/writers: no Task of it is there\n',
    });
    const first = await revisionOfTask('one');
    expect(await cli('diff team/writers')).toEqual({ code: 0, stdout: '', stderr: '' });

    const key = await cli(
      'diff -f -',
      manifests(model({ name: 'w', modelURL: 'http://127.0.0.1:8' })).replace(SECRET_KEY, 'another-key'),
    );
    expect(key.stdout).toContain('-      api_key: "*** (before)"');
    expect(key.stdout).toContain('+      api_key: "*** (after)"');
    expect(key.stdout).not.toMatch(/another-key|sk-test/);
    expect(key.stdout).toContain('+      baseURL: http://127.0.0.1:8');

    const change = await cli('diff -f -', manifests(SECOND));
    expect(change.code).toBe(1);
    expect(change.stdout).toContain(
      '-  systemPrompt: Write short sentences.\n+  systemPrompt: Write long sentences.',
    );
    expect(change.stdout).toContain('--- team/default/writers (effective now)');
    await cli('apply -f -', manifests(SECOND));
    const drift = await cli(`diff team/writers --revision ${first}`);
    expect(drift.code).toBe(1);
    expect(drift.stdout).toContain(`--- taskrevision/${first}\n+++ team/writers\n`);
    expect(drift.stdout).toContain('systemPrompt: Write long sentences.');
    const second = await revisionOfTask('two');
    expect(second).not.toBe(first);
    const history = (await cli('rollout history team/writers')).stdout.trim().split('\n');
    expect(history.map((line) => line.split(/ {3,}/))).toEqual([
      ['team.agent.wecode.io/writers'],
      ['REVISION', 'FIRST USED', 'TASKS', 'PINNED', 'CHANGES'],
      [first, expect.any(String), '1', '<none>'],
      [second, expect.any(String), '1', 's0: agent.systemPrompt'],
    ]);

    const undone = await cli('rollout undo team/writers');
    expect(undone.stdout).toContain(`rolled back: pinned to TaskRevision ${first}; Tasks made from now on`);
    const status = await cli('rollout status team/writers');
    expect(status.stdout).toContain(`Pinned: its Tasks run with TaskRevision "${first}".`);
    expect((await cli('get teams -o wide')).stdout).toContain(first);
    expect(await revisionOfTask('three')).toBe(first);
    expect((await cli('rollout undo team/writers')).stderr).toContain('no earlier revision found');

    expect((await cli('rollout undo team/writers --to-latest')).stdout).toContain('unpinned');
    expect(await revisionOfTask('four')).toBe(second);
    expect((await cli('rollout undo team/writers --to-latest')).stdout).toContain('skipped rollback');
  });

  it('are kept while the Team is pinned, and the Team works though a member is gone', async () => {
    const revision = await revisionOfTask('five');
    await cli(`rollout undo team/writers --to-revision ${revision}`);
    await world.client.delete(TASKS, { namespace: 'default', name: 'two' });
    await world.client.delete(TASKS, { namespace: 'default', name: 'four' });
    await world.client.delete(TASKS, { namespace: 'default', name: 'five' });
    const ref = { namespace: 'default', name: revision };
    const found = await world.client.get(TASK_REVISIONS, ref);
    const unusedSince = formatTime(systemClock.now() - 2 * KEEP_UNUSED_MS);
    await world.client.updateStatus(TASK_REVISIONS, { ...found, status: { unusedSince } });
    const kept = await until(
      world.client,
      { type: TASK_REVISIONS, ...ref },
      (one) => one?.status?.unusedSince !== unusedSince,
    );
    expect(kept?.status?.unusedSince).toBeUndefined();
    expect(kept).toBeDefined();
    await cli('delete bot w');
    expect(await revisionOfTask('six')).toBe(revision);
    await cli('rollout undo team/writers --to-latest');
    const broken = await until(
      world.client,
      { type: TEAMS, namespace: 'default', name: 'writers' },
      (one) => one?.status?.state === 'Unavailable',
    );
    expect(broken?.status?.message).toContain('Bot "default/w" not found');
  });

  it.each([
    ['diff', 'you must give either team/NAME or -f FILE', 2],
    ['diff task/one', 'you must name one Team', 2],
    ['diff team/absent', 'teams.agent.wecode.io "absent" not found', 2],
    ['run writers x --revision nothing', 'taskrevisions.agent.wecode.io "nothing" not found', 1],
    ['rollout undo team/writers --to-revision nothing', 'unable to find the revision "nothing"', 1],
    ['rollout undo team/writers --to-revision x --to-latest', 'exclude each other', 1],
    ['rollout status team/absent', 'NotFound', 1],
  ])('refuses: troupe %s', async (words, text, code) => {
    const answer = await cli(words);
    expect(answer.stderr).toContain(text);
    expect(answer.code).toBe(code);
  });
});
