import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskEvent } from '#api/types/tasks/task-event';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { TROUPE } from '../kit/paths.ts';
import { SHORT_LEASE, startTroupe } from '../kit/troupe-process.ts';
import type { TroupeProcess } from '../kit/troupe-process.ts';

/**
 * API server, controllers and executor manager as processes of their own. Each is killed in the middle of a Task
 * and started again: the Task ends well, and its event log has every event once.
 */
const stack = new AsyncDisposableStack();
const processes = new Map<string, TroupeProcess>();
let start: Record<'api' | 'controllers' | 'executor-manager', () => Promise<TroupeProcess>>;
let commands: Commands;
let kubeconfig: string;

/** Of the controllers, in the data folder of the API. */
const CONTROLLERS_KUBECONFIG = 'identities/kube-system/troupe-controllers/kubeconfig';

/** Slow enough to be killed in between: each turn waits, and there are several. */
const SCRIPT = `
rules:
  - when: { contains: slow }
    reply: one two three four five six seven eight nine ten
    chunkDelay: 300ms
  - reply: done
`;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('split')).path;
  const model = stack.use(await modelService(SCRIPT));
  kubeconfig = path.join(folder, 'kubeconfig');
  const listen = `127.0.0.1:${await freePort()}`;
  const dataDir = path.join(folder, 'data');
  start = {
    api: () =>
      startTroupe({
        args: ['api', '--listen', listen, '--data-dir', dataDir, '--write-kubeconfig', kubeconfig],
        env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
        readyLine: /^troupe api ready/,
      }),
    controllers: () =>
      startTroupe({
        args: ['controllers', '--kubeconfig', path.join(dataDir, CONTROLLERS_KUBECONFIG), ...SHORT_LEASE],
        readyLine: /^troupe controllers ready/,
      }),
    'executor-manager': () =>
      startTroupe({
        args: [
          'executor-manager',
          '--kubeconfig',
          kubeconfig,
          '--driver',
          'process',
          '--data-dir',
          path.join(folder, 'executor'),
        ],
        readyLine: /^troupe executor-manager ready/,
      }),
  };
  for (const name of ['api', 'controllers', 'executor-manager'] as const)
    processes.set(name, await start[name]());
  stack.defer(async () => {
    for (const process of [...processes.values()].toReversed()) await process.process.stop();
  });
  commands = commandsFor(kubeconfig);
  await commands.apply(teamManifests({ name: 'chat', modelURL: model.url, shellType: 'Chat' }));
});
afterAll(() => stack.disposeAsync());

async function eventLog(name: string): Promise<TaskEvent[]> {
  const text = await commands.mustKubectl([
    'get',
    '--raw',
    `/apis/agent.wecode.io/v1/namespaces/default/tasks/${name}/log?format=jsonl&follow=true`,
  ]);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TaskEvent);
}

/** The victim dies while the agent speaks, neither before nor after. */
async function untilItSpeaks(name: string): Promise<void> {
  await using logs = await startProcess({
    command: TROUPE,
    args: ['logs', '-f', `task/${name}`, '--kubeconfig', kubeconfig],
  });
  await logs.until({ what: 'speak', ready: () => logs.output().includes('one'), timeoutMs: 60_000 });
}

describe('a process that is killed in the middle of a Task', () => {
  it.each(['api', 'controllers', 'executor-manager'] as const)('%s', async (victim) => {
    const name = `slow-${victim}`;
    await commands.apply(manifests(task({ name, team: 'chat', prompt: 'slow please' })));
    await untilItSpeaks(name);
    await processes.get(victim)?.kill();
    processes.set(victim, await start[victim]());

    await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Complete', '--timeout=120s']);
    const events = await eventLog(name);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.map((event) => event.sourceSeq)).toEqual(events.map((_, i) => i + 1));
    // A call of the Model ends with its manager: the answer is asked for once more, and a line of the log says so.
    const begins = events.findLastIndex(({ data }) =>
      String(data['text']).endsWith('the answer begins again'),
    );
    const last = events.slice(begins + 1);
    const said = last.filter((event) => event.type === 'text').map((event) => event.data['text']);
    expect(said.join('')).toBe('one two three four five six seven eight nine ten');
    const sandboxes = await commands.mustKubectl([
      'get',
      'sandboxes',
      '-l',
      `agent.wecode.io/task=${name}`,
      '-o',
      'name',
    ]);
    expect(sandboxes.trim().split('\n'), 'one attempt only').toHaveLength(1);
  });
});
