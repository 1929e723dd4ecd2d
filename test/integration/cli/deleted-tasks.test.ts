import { expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import { formatTime } from '#api/machinery/clock';
import { TASKS } from '#api/types/resources';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import { createTask, say, setStatus } from './server.ts';
import { done } from './terminal.ts';

it('troupe deleted-tasks shows what a deleted Task was and did, next to its successor', async () => {
  await using server = await startRestartableApi();
  const { connection } = server;
  const cli = (words: string) => done(server.kubeconfig, words.split(' '));
  expect(await cli('deleted-tasks')).toEqual({ code: 0, stdout: '', stderr: 'No deleted tasks are kept\n' });
  const task = await createTask(connection, 'talk');
  const uid = task.metadata.uid ?? '';
  await say(connection, task, { first: 1, words: ['one\n', 'two\n'] });
  await connection.client.delete(TASKS, { namespace: 'default', name: 'talk' });
  await say(connection, await createTask(connection, 'talk'), { first: 1, words: ['other\n'] });
  const list = await cli('deleted-tasks');
  expect(list.stdout).toMatch(
    new RegExp(`^NAMESPACE +NAME +UID +DELETED\\ndefault +talk +${uid} +\\d+s\\n$`),
  );
  expect((await cli('deleted-tasks -n other')).stderr).toBe('No deleted tasks are kept\n');
  const shown = await cli(`deleted-tasks ${uid}`);
  expect(shown.stdout).toContain(`  uid: ${uid}\n`);
  expect(shown.stdout).toContain('prompt: Say hello\n');
  expect((await cli(`deleted-tasks ${uid} --log`)).stdout).toBe('one\ntwo\n');
  expect((await cli('logs talk')).stdout).toBe('other\n');
  expect(await cli('deleted-tasks none')).toMatchObject({
    code: 1,
    stderr: /NotFound.*no deleted task with uid "none"/,
  });
  expect(await cli('deleted-tasks --log')).toMatchObject({ code: 1, stderr: /needs the UID/ });
});

it('troupe logs says that the log of a Task has expired', async () => {
  const clock = createManualClock(Date.UTC(2026, 10, 28));
  await using server = await startRestartableApi({ clock, retention: { taskLogs: 60_000 } });
  const { connection } = server;
  const task = await createTask(connection, 'talk');
  await say(connection, task, { first: 1, words: ['one\n', 'two\n'] });
  await setStatus(connection, 'talk', { status: 'COMPLETED', completedAt: formatTime(clock.now()) });
  const expired = `# log: Expired: the events up to number 2 were removed: they were older than the server keeps them\n`;
  for (let shown = ''; shown !== expired;) {
    expect(['', 'one\ntwo\n']).toContain(shown);
    clock.advance(30_000);
    shown = (await done(server.kubeconfig, ['logs', 'talk'])).stdout;
  }
  expect((await done(server.kubeconfig, ['logs', 'talk', '--after', '2'])).stdout).toBe('');
});
