import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerClient } from '#dev/environment/docker/docker';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { manifests, SECRET_KEY, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { TROUPE } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Real containers, real Claude Code, and somebody with a kill command. */
const stack = new AsyncDisposableStack();
const engine = dockerClient(process.env['DOCKER_HOST'] ?? '');
const EXECUTOR = `killed-${process.pid}`;
let commands: Commands;
let kubeconfig: string;

/** The first run of a prompt with "once" hangs in the middle; the next one ends. */
const SCRIPT = `
rules:
  - when: { contains: once, offersTool: Read }
    times: 1
    reply: I begin.
    hang: true
  - when: { contains: for ever, offersTool: Read }
    reply: I begin.
    hang: true
  - reply: Done.
`;

beforeAll(async () => {
  const host = await hostAddress(process.env['DOCKER_HOST'] ?? '');
  const folder = stack.use(await temporaryFolder('kill')).path;
  const model = stack.use(await modelService(SCRIPT, host));
  const repository = stack.use(await gitRepository({ host: HOST_NAME, listen: host }));
  const server = stack.use(
    await startServer({
      dataDir: path.join(folder, 'data'),
      driver: 'docker',
      env: { EXECUTOR_NAME: EXECUTOR },
    }),
  );
  kubeconfig = server.kubeconfig;
  commands = commandsFor(kubeconfig);
  const modelURL = model.url.replace(host, HOST_NAME);
  await commands.apply(teamManifests({ name: 'code', modelURL, gitUrl: repository.url }));
});
afterAll(async () => {
  await stack.disposeAsync();
  expect(await containers(), 'no container is left').toEqual([]);
  const { Volumes } = await engine.listVolumes({
    filters: JSON.stringify({ label: [`io.troupe.executor=${EXECUTOR}`] }),
  });
  expect(Volumes ?? [], 'no volume is left').toEqual([]);
});

async function containers(): Promise<string[]> {
  const filters = JSON.stringify({ label: [`io.troupe.executor=${EXECUTOR}`] });
  return (await engine.listContainers({ all: true, filters })).map((container) => container.Id);
}

/** Applies a Task and waits until its agent speaks; returns the container it speaks in. */
async function speaking(name: string, prompt: string) {
  await commands.apply(manifests(task({ name, team: 'code', prompt, workspace: 'code' })));
  await using logs = await startProcess({
    command: TROUPE,
    args: ['logs', '-f', `task/${name}`, '--kubeconfig', kubeconfig],
  });
  await logs.until({ what: 'speak', ready: () => logs.output().includes('I begin.'), timeoutMs: 90_000 });
  // Another Task's container may still be there: the Sandbox says which is its own.
  const sandboxes = ['get', 'sandboxes', '-l', `agent.wecode.io/task=${name}`];
  const runtime = await commands.mustKubectl([
    ...sandboxes,
    '-o',
    'jsonpath={.items[*].status.runtime.name}',
  ]);
  expect(runtime, 'one attempt is under way').toMatch(/^\S+$/);
  return engine.getContainer(runtime);
}

async function finished(name: string) {
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
  const { status } = await commands.get<{
    status: { status: string; errorMessage?: string; subTasks: { attempt: number; status: string }[] };
  }>('task', name);
  return status;
}

describe('in a container', () => {
  it('an agent that is killed fails its Task and says so', async () => {
    const container = await speaking('agent', 'work for ever');
    const exec = await container.exec({ Cmd: ['sh', '-c', 'kill -9 $(pidof claude)'] });
    await exec.start({});
    const status = await finished('agent');
    expect(status.status).toBe('FAILED');
    expect(status.errorMessage).toMatch(/SIGKILL/);
    expect(
      await commands.mustKubectl([
        'get',
        'sandboxes',
        '-l',
        'agent.wecode.io/task=agent',
        '-o',
        'jsonpath={.items[*].status.reason}',
      ]),
    ).toBe('AgentKilled');
  });

  it('a container that is killed is an attempt lost: the step is tried again', async () => {
    const container = await speaking('container', 'work once');
    await container.kill();
    const status = await finished('container');
    expect(status.status).toBe('COMPLETED');
    const reasons = await commands.mustKubectl([
      ...['get', 'sandboxes', '-l', 'agent.wecode.io/task=container'],
      ...['-o', 'jsonpath={range .items[*]}{.spec.attempt}:{.status.reason} {end}'],
    ]);
    expect(reasons.trim()).toBe('1:ContainerLost 2:Succeeded');
  });

  it('what runs there has no rights, and no credential shows', async () => {
    const container = await speaking('inspect', 'sit for ever');
    const { Config, HostConfig } = await container.inspect();
    expect(Config.User).toBe('10001:10001');
    expect(HostConfig.CapDrop).toEqual(['ALL']);
    expect(HostConfig.ReadonlyRootfs).toBe(true);
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges');
    expect(HostConfig.Memory).toBeGreaterThan(0);
    expect(HostConfig.PidsLimit).toBeGreaterThan(0);
    expect(HostConfig.Binds ?? []).toEqual([]);
    expect(JSON.stringify(await container.inspect())).not.toContain(SECRET_KEY);
    expect(await commands.mustKubectl(['get', 'tasks,sandboxes,events', '-o', 'yaml'])).not.toContain(
      SECRET_KEY,
    );

    await commands.mustKubectl([
      'patch',
      'task',
      'inspect',
      '--type=merge',
      '-p',
      '{"spec":{"cancel":true}}',
    ]);
    expect((await finished('inspect')).status).toBe('CANCELLED');
  });
});
