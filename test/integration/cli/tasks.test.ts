import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { TASKS, TEAMS, WORKSPACES } from '#api/types/resources';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import { tcpProxy } from '../../kit/tcp-proxy.ts';
import { createTask, say, setStatus } from './server.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';
import { done, troupe } from './terminal.ts';

describe('troupe logs', () => {
  it('follows a Task over restarts of the server: everything, once, in order', async () => {
    await using server = await startRestartableApi();
    const { connection } = server;
    const task = await createTask(connection, 'talk');
    await say(connection, task, { first: 1, words: ['one\n', 'two\n'] });
    const running = troupe(server.kubeconfig, ['logs', 'talk', '-f']);
    await running.shows('two');
    await server.restart();
    await say(connection, task, { first: 3, words: ['three\n'] });
    await running.shows('three');
    await server.restart();
    await say(connection, task, { first: 4, words: ['fo', 'ur'] });
    await setStatus(connection, 'talk', { status: 'COMPLETED' });
    expect(await running.exit).toBe(0);
    expect(running.stdout).toBe('one\ntwo\nthree\nfour\n');
  });

  it('opens a stream that was cut again, without a word', async () => {
    await using server = await startRestartableApi();
    const { connection, kubeconfig } = server;
    const { port } = new URL(connection.server);
    await using proxy = await tcpProxy(Number(port));
    await using folder = await temporaryFolder('cut');
    const cut = join(folder.path, 'kubeconfig');
    await writeFile(cut, (await readFile(kubeconfig, 'utf8')).replaceAll(`:${port}`, `:${proxy.port}`));
    const task = await createTask(connection, 'talk');
    const running = troupe(cut, ['logs', 'talk', '-f']);
    for (const [index, word] of ['one', 'two', 'three'].entries()) {
      await say(connection, task, { first: index + 1, words: [`${word}\n`] });
      await running.shows(word);
      proxy.cut();
    }
    await setStatus(connection, 'talk', { status: 'COMPLETED' });
    expect(await running.exit).toBe(0);
    expect({ stdout: running.stdout, stderr: running.stderr }).toEqual({
      stdout: 'one\ntwo\nthree\n',
      stderr: '',
    });
  });

  it('shows a part of the log, by number and by type, as text and as JSON lines', async () => {
    await using server = await startRestartableApi();
    const { connection } = server;
    const task = await createTask(connection, 'talk');
    await say(connection, task, { first: 1, words: ['one\n', 'two\n', 'three\n'] });
    const cli = (words: string) => done(server.kubeconfig, words.split(' '));
    expect((await cli('logs talk')).stdout).toBe('one\ntwo\nthree\n');
    expect((await cli('logs task/talk --after 2')).stdout).toBe('three\n');
    expect((await cli('logs talk --only tool_call,error')).stdout).toBe('');
    expect((await cli('logs talk --timestamps --after 2')).stdout).toBe(
      '2026-01-02T03:04:05.000000Z three\n',
    );
    const lines = (await cli('logs talk -o jsonl')).stdout.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual([1, 2, 3]);
    expect(await cli('logs nobody')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'Error from server (NotFound): tasks.agent.wecode.io "nobody" not found\n',
    });
    expect((await cli('logs bot/x')).stderr).toContain('a Task is expected');
  });
});

async function createTeam({ connection: { client } }: RestartableApi): Promise<void> {
  await client.create(TEAMS, {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Team',
    metadata: { name: 'Team', namespace: 'default' },
    spec: { members: [{ name: 'a', botRef: { name: 'a' } }], collaborationModel: 'solo' },
  });
}

/** Starts `troupe run` and returns it with the Task it made. */
async function startRun(server: RestartableApi, ...flags: string[]) {
  await createTeam(server);
  const running = troupe(server.kubeconfig, ['run', 'Team', 'Say hello', '--name', 'job', ...flags]);
  for (;;) {
    const task = await server.connection.client
      .get(TASKS, { namespace: 'default', name: 'job' })
      .catch(() => undefined);
    if (task !== undefined) return { running, task };
  }
}

describe('troupe run', () => {
  it('shows the words of the Team and ends with 0 when the Task completes', async () => {
    await using server = await startRestartableApi();
    await server.connection.client.create(WORKSPACES, {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Workspace',
      metadata: { name: 'ws', namespace: 'default' },
      spec: { repository: { gitUrl: 'https://git.example/a.git', branchName: 'main' } },
    });
    const { running, task } = await startRun(server, '--workspace', 'ws', '--timeout', '90s');
    expect(task.spec).toMatchObject({
      prompt: 'Say hello',
      teamRef: { name: 'Team' },
      workspaceRef: { name: 'ws' },
      timeoutSeconds: 90,
    });
    await say(server.connection, task, { first: 1, words: ['Hel', 'lo!'] });
    await setStatus(server.connection, 'job', { status: 'COMPLETED', result: { value: 'Hello!' } });
    expect(await running.exit).toBe(0);
    expect(running.stdout).toBe('Hello!\n');
    expect(running.stderr).toBe('task.agent.wecode.io/job created\n');
  });

  it('prints the result only when asked to be quiet, and takes the Task away', async () => {
    await using server = await startRestartableApi();
    const { running, task } = await startRun(server, '--quiet', '--rm');
    await say(server.connection, task, { first: 1, words: ['thinking aloud'] });
    await setStatus(server.connection, 'job', { status: 'COMPLETED', result: { value: '42' } });
    expect(await running.exit).toBe(0);
    expect({ stdout: running.stdout, stderr: running.stderr }).toEqual({ stdout: '42\n', stderr: '' });
    await expect(
      server.connection.client.get(TASKS, { namespace: 'default', name: 'job' }),
    ).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('ends with 1 and the reason when the Task fails', async () => {
    await using server = await startRestartableApi();
    const { running } = await startRun(server);
    await setStatus(server.connection, 'job', { status: 'FAILED', errorMessage: 'the model refused' });
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain('error: task job failed: the model refused\n');
  });

  it('cancels a Task that does not begin in time, and says what it waited for', async () => {
    await using server = await startRestartableApi();
    const { running } = await startRun(server, '--timeout', '1s');
    expect(await running.exit).toBe(1);
    expect(running.stderr).toContain(
      'error: task job did not begin within 1 s and is cancelled: nobody has taken it up\n',
    );
    const { spec } = await server.connection.client.get(TASKS, { namespace: 'default', name: 'job' });
    expect(spec?.cancel).toBe(true);
  });

  it('makes no Task for a Team or a Workspace that is not there', async () => {
    await using server = await startRestartableApi();
    const run = (...words: string[]) => done(server.kubeconfig, ['run', ...words]);
    const gone = { code: 1, stdout: '' };
    expect(await run('nobody', 'Say hello')).toEqual({
      ...gone,
      stderr: 'Error from server (NotFound): teams.agent.wecode.io "nobody" not found\n',
    });
    await createTeam(server);
    expect(await run('Team', 'Say hello', '-w', 'nowhere')).toEqual({
      ...gone,
      stderr: 'Error from server (NotFound): workspaces.agent.wecode.io "nowhere" not found\n',
    });
    expect((await server.connection.client.list(TASKS, { namespace: 'default' })).items).toEqual([]);
  });

  it('says what it waits for', async () => {
    await using server = await startRestartableApi();
    const { running, task } = await startRun(server);
    const lastTransitionTime = '2026-01-02T03:04:05Z';
    const message = 'Team "default/Team" not found';
    await setStatus(server.connection, 'job', {
      status: 'PENDING',
      conditions: [{ type: 'Ready', status: 'False', reason: 'TeamNotFound', message, lastTransitionTime }],
    });
    await running.shows(`waiting: ${message}\n`);
    await say(server.connection, task, { first: 1, words: ['one\n'] });
    await running.shows('one');
    const unbound = {
      type: 'Finished',
      status: 'False' as const,
      reason: 'Unschedulable',
      message: 'Step 1 of 2 (a) waits: there is no Executor.',
      lastTransitionTime,
    };
    await setStatus(server.connection, 'job', { status: 'RUNNING', conditions: [unbound] });
    await running.shows(`waiting: ${unbound.message}\n`);
    const confirm = 'Step 1 of 2 (a) has ended.';
    await setStatus(server.connection, 'job', {
      status: 'PENDING_CONFIRMATION',
      message: confirm,
      currentStep: 0,
    });
    await running.shows(
      `waiting: ${confirm}\n  kubectl patch task job -n default --type merge -p '{"spec":{"currentStage":1}}'\n`,
    );
    const question = { id: 'q', kind: 'Permission' as const, message: 'May I?', tool: 'Bash' };
    await setStatus(server.connection, 'job', { status: 'RUNNING', questions: [question] });
    await running.shows('waiting: it asks: May I?\n  troupe answer job q -n default --allow\n');
    await setStatus(server.connection, 'job', { status: 'CANCELLED' });
    expect(await running.exit).toBe(130);
  });

  it('cancels the Task on the first Ctrl-C and leaves on the second', async () => {
    await using server = await startRestartableApi();
    const { running } = await startRun(server);
    await running.shows('created');
    running.interrupt();
    await running.shows('cancelling task job');
    const watched = server.connection.client.watch(TASKS, { namespace: 'default', resourceVersion: '0' });
    for await (const event of watched) {
      if (event.type !== 'ERROR' && event.type !== 'BOOKMARK' && event.object.spec.cancel === true) break;
    }
    running.interrupt();
    expect(await running.exit).toBe(130);
  });

  it('leaves as quietly when the second Ctrl-C comes before the answer to the first', async () => {
    await using server = await startRestartableApi();
    const { running } = await startRun(server);
    await running.shows('created');
    running.interrupt();
    running.interrupt();
    expect(await running.exit).toBe(130);
    expect(running.stderr.split('\n')).toEqual([
      'task.agent.wecode.io/job created',
      'cancelling task job; press Ctrl-C again to leave it',
      '',
    ]);
    const task = await server.connection.client.get(TASKS, { namespace: 'default', name: 'job' });
    expect(task.spec.cancel).toBe(true);
  });
});

describe('troupe cancel', () => {
  it('stops a Task, and says of one that has finished that it has', async () => {
    await using server = await startRestartableApi();
    const { connection, kubeconfig } = server;
    await createTask(connection, 'work');
    expect(await done(kubeconfig, ['cancel', 'task/work', '-n', 'default'])).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: 'task.agent.wecode.io/work is being cancelled\n',
    });
    const { spec } = await connection.client.get(TASKS, { namespace: 'default', name: 'work' });
    expect(spec.cancel).toBe(true);
    await setStatus(connection, 'work', { status: 'CANCELLED' });
    expect(await done(kubeconfig, ['cancel', 'work'])).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: 'error: task work has finished: CANCELLED\n',
    });
    expect(await done(kubeconfig, ['cancel', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"nobody" not found'),
    });
  });
});

it('what an agent writes for a terminal is shown, and not obeyed', async () => {
  await using server = await startRestartableApi();
  const { connection, kubeconfig } = server;
  const evil = '\u001b]0;x\u0007\u001b[2Jred\r\u009b31m';
  const shown = '^[]0;x^G^[[2Jred^M^[[31m';
  const manifest = `apiVersion: agent.wecode.io/v1\nkind: Task\nmetadata: {name: talk}\nspec: ${JSON.stringify(
    {
      title: evil,
      prompt: 'p',
      teamRef: { name: evil },
    },
  )}\n---\n`;
  const applied = await done(kubeconfig, ['apply', '-f', '-'], manifest);
  expect(applied).toMatchObject({ code: 0, stderr: '' });
  const task = await connection.client.get(TASKS, { namespace: 'default', name: 'talk' });
  await say(connection, task, { first: 1, words: [evil, 'and more\n'] });
  await setStatus(connection, 'talk', { status: 'FAILED', errorMessage: evil, message: evil });
  const cli = async (words: string) => (await done(kubeconfig, words.split(' '))).stdout;
  expect(await cli('logs talk')).toBe(`${shown}and more\n`);
  expect(await cli('describe task talk')).toContain(shown);
  const [header = '', row = ''] = (await cli('get tasks')).split('\n');
  expect(row).toContain(shown);
  expect(row.indexOf('FAILED'), 'the columns are in line').toBe(header.indexOf('STATUS'));
  // oxlint-disable-next-line no-control-regex -- controls are what it is about
  expect(await cli('get tasks -o wide')).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  const [line = ''] = (await cli('logs talk -o jsonl')).split('\n');
  expect((JSON.parse(line) as { data: { text: string } }).data.text).toBe(evil);
  expect(JSON.parse(await cli('get task talk -o json'))).toMatchObject({ spec: { title: evil } });
});

it('troupe answer shows what is asked, and answers it', async () => {
  await using server = await startRestartableApi();
  const { connection, kubeconfig } = server;
  await createTask(connection, 'talk');
  const cli = (...words: string[]) => done(kubeconfig, words);
  expect((await cli('answer', 'talk')).stdout).toBe('Task talk asks nothing.\n');
  expect((await cli('answer', 'talk', '--allow')).stderr).toBe('error: Task talk asks nothing\n');
  const permission = {
    id: 'p',
    kind: 'Permission' as const,
    message: 'May I?',
    tool: 'Bash',
    input: { command: 'ls' },
  };
  const question = { id: 'q', kind: 'Question' as const, message: 'Which?', options: ['a', 'b'] };
  await setStatus(connection, 'talk', { questions: [permission, question] });
  expect((await cli('answer', 'talk')).stdout).toBe(
    'p: May I?\n  Bash {"command":"ls"}\nq: Which?\n  one of: a, b\n',
  );
  expect((await cli('answer', 'talk', '--allow')).stderr).toMatch(/asks 2 questions: name one of p, q/);
  expect((await cli('answer', 'talk', 'p', '--allow')).stdout).toBe('task.agent.wecode.io/talk answered\n');
  expect((await cli('answer', 'talk', 'q', '-m', 'c')).stderr).toMatch(/supported values: "a", "b"/);
  expect((await cli('answer', 'task/talk', 'q', '-m', 'b')).code).toBe(0);
  const { spec } = await connection.client.get(TASKS, { namespace: 'default', name: 'talk' });
  expect(spec.answers).toEqual([
    { id: 'p', decision: 'allow' },
    { id: 'q', message: 'b' },
  ]);
});

it('troupe message takes its policies in any case, and says which there are', async () => {
  await using server = await startRestartableApi();
  const { connection, kubeconfig } = server;
  await createTask(connection, 'talk');
  const cli = (...words: string[]) => done(kubeconfig, ['message', 'talk', 'hello', ...words]);
  for (const words of [[], ['--policy', 'INTERRUPT'], ['--policy', 'Queue']]) {
    expect(await cli(...words)).toMatchObject({ code: 0, stdout: 'task.agent.wecode.io/talk messaged\n' });
  }
  const { spec } = await connection.client.get(TASKS, { namespace: 'default', name: 'talk' });
  expect(spec.messages?.map(({ policy }) => policy)).toEqual(['Queue', 'Interrupt', 'Queue']);
  await expect(cli('--policy', 'now')).rejects.toThrow('It is one of queue, interrupt, reject.');
});
