import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ResourceType } from '#api/machinery/resource-type';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import {
  CLAIMS,
  NETWORK_POLICIES,
  PODS,
  PULL_SECRETS,
} from '#executor-manager/drivers/kubernetes/cluster-objects';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { manifests, SECRET_KEY, task, teamManifests } from '../kit/manifests.ts';
import { testCluster } from '../kit/cluster.ts';
import { modelService } from '../kit/model-script.ts';
import { TROUPE } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';
import type { TroupeServer } from '../kit/troupe-process.ts';
import { podProcesses } from './pod-processes.ts';
import { openSandboxNamespace } from './sandbox-namespace.ts';
import type { SandboxNamespace } from './sandbox-namespace.ts';

/** Real Pods, real Claude Code, and somebody with the rights of an administrator of the cluster. */
const node = testCluster();
const stack = new AsyncDisposableStack();
let place: SandboxNamespace;
let server: TroupeServer;
let commands: Commands;

const SCRIPT = `
rules:
  - when: { contains: once, offersTool: Read }
    times: 1
    reply: I begin.
    hang: true
  - when: { contains: evicted, offersTool: Read }
    times: 1
    reply: I begin.
    hang: true
  - when: { contains: slowly, offersTool: Read }
    times: 1
    reply: I begin.
    delay: 6s
  - reply: Done.
`;

async function start(dataDir: string): Promise<TroupeServer> {
  const { kubeconfig, namespace, storageClass, machineAddress } = place;
  return startServer({
    dataDir,
    driver: 'kubernetes',
    flags: [
      ...['--kubernetes-kubeconfig', kubeconfig, '--kubernetes-namespace', namespace],
      ...['--kubernetes-storage-class', storageClass],
      ...['--kubernetes-egress', `${machineAddress}/32`],
    ],
    env: { EXECUTOR_NAME: 'pods', KUBECONFIG: '' },
  });
}

/** Names of all that there is of sandboxes. */
async function objects(): Promise<string[]> {
  const { client, namespace } = place;
  const types = [PODS, CLAIMS, NETWORK_POLICIES, PULL_SECRETS];
  const lists = await Promise.all(types.map((type: ResourceType) => client.list(type, { namespace })));
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
}

async function apply(name: string, prompt: string): Promise<void> {
  await commands.apply(manifests(task({ name, team: 'code', prompt, workspace: 'code' })));
}

/** Applies a Task and waits until its agent speaks; returns the Pod that it speaks in. */
async function speaking(name: string, prompt: string) {
  await apply(name, prompt);
  await using logs = await startProcess({
    command: TROUPE,
    args: ['logs', '-f', `task/${name}`, '--kubeconfig', server.kubeconfig],
  });
  await logs.until({ what: 'speak', ready: () => logs.output().includes('I begin.'), timeoutMs: 90_000 });
  const path = 'jsonpath={.items[*].status.runtime.name}';
  const pod = await commands.mustKubectl([...sandboxesOf(name), '-o', path]);
  return place.client.get(PODS, { namespace: place.namespace, name: pod });
}

const sandboxesOf = (name: string) => ['get', 'sandboxes', '-l', `agent.wecode.io/task=${name}`];

async function finished(name: string) {
  await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=120s']);
  const found = await commands.get<{ status: { status: string; errorMessage?: string } }>('task', name);
  return found.status;
}

async function attempts(name: string): Promise<string> {
  const each = '{.spec.attempt}:{.status.reason} {.status.message}';
  const path = `jsonpath={range .items[*]}${each}|{end}`;
  return commands.mustKubectl([...sandboxesOf(name), '-o', path]);
}

describe.skipIf(node.missing)('in a Pod', () => {
  beforeAll(async () => {
    place = stack.use(await openSandboxNamespace(node.cluster));
    const dataDir = path.join(stack.use(await temporaryFolder('pods')).path, 'data');
    const model = stack.use(await modelService(SCRIPT));
    const { machineAddress: host } = place;
    const repository = stack.use(await gitRepository({ host, listen: host }));
    server = await start(dataDir);
    stack.defer(() => server[Symbol.asyncDispose]());
    commands = commandsFor(server.kubeconfig);
    await commands.apply(teamManifests({ name: 'code', modelURL: model.url, gitUrl: repository.url }));
  });
  afterAll(() => stack.disposeAsync());

  it('a Task is COMPLETED, and nothing is left of it', async () => {
    await apply('first', 'work');
    expect(await finished('first')).toMatchObject({ status: 'COMPLETED' });
    await expect.poll(objects, { timeout: 30_000 }).toEqual([]);
  });

  it('what runs there passes "restricted", and no credential shows', async () => {
    const pod = await speaking('once', 'work once');
    expect(JSON.stringify(pod)).not.toContain(SECRET_KEY);
    const who = ['exec', `pod/${(await podName('once')) ?? ''}`, '--', 'sh', '-c'];
    const said = await commands.mustKubectl([...who, 'id -u; ls /var/run/secrets 2>&1; env']);
    expect(said).toMatch(/^10001\n.*No such file/);
    expect(said).not.toMatch(/KUBERNETES_SERVICE_HOST=.*\n.*TOKEN=/);
    for (const pid of await podProcesses(pod.metadata.uid ?? '')) process.kill(pid, 'SIGKILL');
    expect(await finished('once'), 'the next attempt').toMatchObject({ status: 'COMPLETED' });
    expect(await attempts('once')).toMatch(/^1:ContainerLost .*exited with code 137.*\|2:Succeeded/);
  });

  it('one that is evicted is an attempt lost, and said to be evicted', async () => {
    const { metadata } = await speaking('evicted', 'be evicted');
    const { client, namespace } = place;
    const body = {
      ...{ apiVersion: 'policy/v1', kind: 'Eviction' },
      metadata: { name: metadata.name, namespace },
    };
    await client.createPart(PODS, { namespace, name: metadata.name }, { subresource: 'eviction', body });
    expect(await finished('evicted')).toMatchObject({ status: 'COMPLETED' });
    expect(await attempts('evicted')).toMatch(/^1:ContainerLost The sandbox was evicted.*\|2:Succeeded/);
  });

  it('a run goes on when the manager is killed and started again', async () => {
    await speaking('slow', 'work slowly');
    await server.kill();
    server = await start(path.dirname(server.kubeconfig));
    expect(await finished('slow')).toMatchObject({ status: 'COMPLETED' });
    expect(await attempts('slow')).toMatch(/^1:Succeeded [^|]*\|$/);
  });

  it('leaves nothing behind', async () => {
    await expect.poll(objects, { timeout: 30_000 }).toEqual([]);
  });
});

async function podName(name: string): Promise<string | undefined> {
  return (
    await commands.mustKubectl([...sandboxesOf(name), '-o', 'jsonpath={.items[*].metadata.name}'])
  ).split(' ')[0];
}
