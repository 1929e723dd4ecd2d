import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** examples/fork as a user runs it, with real agents: their files and their sessions go along. */

interface TaskObject {
  metadata: { uid: string };
  status: {
    status: string;
    errorMessage?: string;
    result?: { value: string };
    subTasks: {
      node: string;
      executor_name?: string;
      forkedFrom?: { task: string; uid: string };
      result?: { sessionId?: string };
    }[];
  };
}

const ofExample = (name: string): Promise<string> => readFile(path.join(ROOT, 'examples/fork', name), 'utf8');

interface Place extends AsyncDisposable {
  commands: Commands;
  read(name: string): Promise<TaskObject>;
  /** The status of the Task at its end. */
  ended(name: string): Promise<TaskObject['status']>;
}

/** A server with the Team of the example, and the Task `sea`, which is done. */
async function startPlace(driver: 'docker' | 'process'): Promise<Place> {
  await using stack = new AsyncDisposableStack();
  const isDocker = driver === 'docker';
  const host = isDocker ? await hostAddress(process.env['DOCKER_HOST'] ?? '') : '127.0.0.1';
  const folder = stack.use(await temporaryFolder('forks')).path;
  const model = stack.use(await modelService(await ofExample('model/script.yaml'), host));
  const env = { EXECUTOR_NAME: `forks-${driver}-${process.pid}` };
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data'), driver, env }));
  const commands = commandsFor(server.kubeconfig);
  const url = isDocker ? model.url.replace(host, HOST_NAME) : model.url;
  await commands.apply((await ofExample('team.yaml')).replace('http://host.docker.internal:8090', url));
  await commands.mustTroupe(['run', 'drafts', 'Write a draft.', '--name', 'sea']);
  const read = (name: string): Promise<TaskObject> => commands.get<TaskObject>('task', name);
  const rest = stack.move();
  return {
    commands,
    read,
    async ended(name) {
      await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
      return (await read(name)).status;
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

it('with the driver docker, files and session come along, also where the other Task is gone', async () => {
  await using place = await startPlace('docker');
  const { commands, read, ended } = place;
  const fork = ['fork', 'task/sea', '--step', 's0', '--message', 'Make it rhyme.', '--name', 'rhyme'];
  expect(await commands.mustTroupe([...fork, '--follow'])).toContain('You and me.');
  const sea = await read('sea');
  expect(sea.status.result?.value).toBe('So wide is the sea.');
  expect(await ended('rhyme')).toMatchObject({
    status: 'COMPLETED',
    result: { value: 'Wide is the sea.\nYou and me.' },
    subTasks: [
      { node: 's0', forkedFrom: { task: 'sea', uid: sea.metadata.uid } },
      { node: 'message-1', result: { sessionId: sea.status.subTasks[0]?.result?.sessionId } },
    ],
  });
  await commands.mustTroupe(['fork', 'sea', '--name', 'whole']);
  expect(await ended('whole')).toMatchObject({ result: { value: 'So wide is the sea.' } });
  await commands.mustKubectl(['delete', 'task', 'sea', '--timeout=60s']);
  await commands.mustTroupe(['message', 'task/whole', 'Make it rhyme.', '--follow']);
  expect(await ended('whole')).toMatchObject({
    status: 'COMPLETED',
    result: { value: 'So wide is the sea.\nYou and me.' },
  });
});

describe('with the driver process', () => {
  let place: Place;
  beforeAll(async () => {
    place = await startPlace('process');
  });
  afterAll(() => place[Symbol.asyncDispose]());

  it('the rest of the steps run again, and the Task may be forked, deleted and talked to in between', async () => {
    const { commands, read, ended } = place;
    await commands.mustTroupe(['fork', 'sea', '--name', 'whole']);
    expect(await ended('whole')).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'So wide is the sea.' },
    });
    await commands.mustTroupe(['fork', 'whole', '--step', 's0', '--name', 'second']);
    expect(await ended('second')).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'So wide is the sea.' },
      subTasks: [{ node: 's0', forkedFrom: { task: 'sea' } }, { node: 's1' }],
    });
    await commands.mustKubectl(['delete', 'task', 'sea', '--timeout=60s']);
    await commands.mustTroupe(['message', 'task/whole', 'Make it rhyme.', '--follow']);
    expect(await ended('whole')).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'So wide is the sea.\nYou and me.' },
    });
    const [first] = (await read('whole')).status.subTasks;
    await commands.mustKubectl(['get', 'sandbox', first?.executor_name ?? '']);
    await commands.mustKubectl(['delete', 'task', 'whole', 'second', '--timeout=60s']);
    const left = ['wait', '--for=delete', `sandbox/${first?.executor_name ?? ''}`, '--timeout=60s'];
    await commands.mustKubectl(left);
  });

  it('work that nobody keeps any longer ends the fork with the reason', async () => {
    const { commands, read, ended } = place;
    await commands.mustTroupe(['run', 'drafts', 'Write a draft.', '--name', 'lake']);
    const { status } = await read('lake');
    await commands.mustTroupe(['fork', 'lake', '--name', 'late']);
    await ended('late');
    await commands.mustKubectl(['delete', 'task', 'lake', '--timeout=60s']);
    const kept = status.subTasks.map(({ executor_name: name = '' }) => name);
    await commands.mustKubectl(['delete', 'sandbox', ...kept, '--timeout=60s']);
    await commands.mustTroupe(['message', 'task/late', 'Make it rhyme.', '--follow']);
    const late = await ended('late');
    expect(late.status, late.errorMessage).toBe('FAILED');
    expect(late.errorMessage).toContain('The Task of this run does not own that Sandbox.');
  });
});
