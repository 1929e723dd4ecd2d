import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOST_NAME, hostAddress } from '#dev/environment/docker/docker-gateway';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import type { RunningProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { commandsFor, run } from '../../kit/command.ts';
import type { CommandResult, Commands } from '../../kit/command.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import { loadBalancer } from '#dev/environment/load-balancer';
import { manifests, task, teamManifests } from '../../kit/manifests.ts';
import { modelService } from '../../kit/model-script.ts';
import { startReplica, startTroupe } from '../../kit/troupe-process.ts';
import type { TroupeProcess } from '../../kit/troupe-process.ts';

/**
 * Two replicas behind a load balancer, which is all that the executor manager knows; users come to each of them. Both, and
 * the manager, are killed while users are connected, and started again.
 */
const KUBECTL = process.env['TROUPE_TEST_STOCK_KUBECTL'] ?? 'kubectl';
const SCRIPT = `
rules:
  - when: { offersTool: Read }
    reply: "I begin.\\n"
    hang: true
  - reply: Done.
`;
const stack = new AsyncDisposableStack();
const running = new Map<string, TroupeProcess>();
let start: Record<'executor' | 'replica 0' | 'replica 1', () => Promise<TroupeProcess>>;
let urls: string[];
let kubeconfig: string;
let commands: Commands;
let pod: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('streams-of-replicas')).path;
  const host = await hostAddress(process.env['DOCKER_HOST'] ?? '');
  const { url: databaseURL } = stack.use(await freshDatabase('mariadb'));
  const model = stack.use(await modelService(SCRIPT, host));
  const repository = stack.use(await gitRepository({ host: HOST_NAME, listen: host }));
  stack.defer(async () => {
    for (const one of [...running.values()].toReversed()) await one[Symbol.asyncDispose]();
  });
  const ports = [await freePort(), await freePort()];
  const balancer = stack.use(
    await loadBalancer({ host: '127.0.0.1', port: await freePort(), targets: ports }),
  );
  urls = ports.map((port) => `https://127.0.0.1:${port}`);
  const dataDir = path.join(folder, 'data');
  kubeconfig = path.join(dataDir, 'kubeconfig');
  const replica = (index: number) => (): Promise<TroupeProcess> => {
    const flags = ['--advertise-url', balancer.url];
    return startReplica({ dataDir, databaseURL, listen: `127.0.0.1:${ports[index]}`, flags });
  };
  const client = (...args: string[]): Promise<TroupeProcess> =>
    startTroupe({ args: [...args, '--kubeconfig', kubeconfig], readyLine: /^troupe \S+ ready/ });
  const executorFolder = path.join(folder, 'executor');
  start = {
    'replica 0': replica(0),
    'replica 1': replica(1),
    executor: () => client('executor-manager', '--driver', 'docker', '--data-dir', executorFolder),
  };
  for (const name of ['replica 0', 'replica 1'] as const) running.set(name, await start[name]());
  running.set('controllers', await client('controllers'));
  running.set('executor', await start.executor());
  commands = commandsFor(kubeconfig);
  // Who stops leaves its sandboxes to the next, which no test starts.
  stack.defer(async () => {
    await commands.mustKubectl(['delete', 'tasks', '--all', '--timeout=60s']);
    await commands.mustKubectl(['wait', 'sandboxes', '--all', '--for=delete', '--timeout=60s']);
  });
  const modelURL = model.url.replace(host, HOST_NAME);
  await commands.apply(teamManifests({ name: 'code', modelURL, gitUrl: repository.url }));
  await commands.apply(manifests(task({ name: 'busy', team: 'code', prompt: 'Work.', workspace: 'code' })));
  const isRunning = '--for=jsonpath={.status.status}=RUNNING';
  await commands.mustKubectl(['wait', 'task/busy', isRunning, '--timeout=60s']);
  const name = ['-o', 'jsonpath={.items[0].metadata.name}'];
  pod = await commands.mustKubectl(['get', 'pods', '-l', 'agent.wecode.io/task=busy', ...name]);
  await commands.mustKubectl(['wait', `pod/${pod}`, '--for=condition=Ready', '--timeout=60s']);
});
afterAll(() => stack.disposeAsync());

/** Through one of the replicas. */
const kubectl = (replica: number, ...args: string[]): Promise<CommandResult> =>
  run(KUBECTL, ['--server', urls[replica] ?? '', ...args], { env: { KUBECONFIG: kubeconfig } });

async function connected(replica: number, args: string[], text: string): Promise<RunningProcess> {
  const process_ = await startProcess({
    command: KUBECTL,
    args: ['--server', urls[replica] ?? '', ...args],
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  stack.use(process_);
  const ready = (): boolean => process_.output().includes(text);
  await process_.until({ what: `say ${text}`, ready, timeoutMs: 30_000 });
  return process_;
}

/** A replica that is new may have to wait for the manager, which looks for one every 30 s at the latest. */
async function canRun(replica: number): Promise<void> {
  const answer = async (): Promise<string> =>
    (await kubectl(replica, 'exec', pod, '--', 'echo', 'here')).stdout;
  await expect.poll(answer, { timeout: 60_000 }).toBe('here\n');
}

/** The command of a user, whose program talks until it is hung up. */
const TALK = ['exec', 'POD', '--', 'sh', '-c', 'while :; do echo talk; sleep 0.2; done'];
const talk = (): string[] => TALK.map((part) => part.replace('POD', pod));

async function programsLeft(replica: number): Promise<string> {
  const { stdout } = await kubectl(replica, 'exec', pod, '--', 'ps', '-eo', 'args');
  return stdout
    .split('\n')
    .filter((line) => line.includes('echo talk'))
    .join('\n');
}

describe('streams of Pods through two replicas', () => {
  it.each([0, 1])('exec, logs and port-forward work through replica %i', async (replica) => {
    await canRun(replica);
    expect((await kubectl(replica, 'exec', pod, '--', 'sh', '-c', 'exit 3')).code).toBe(3);
    const logs = await connected(replica, ['logs', '-f', pod], 'I begin.');
    const forward = await connected(replica, ['port-forward', pod, ':8080'], 'Forwarding from 127.0.0.1');
    const [, port = ''] = /127[.]0[.]0[.]1:(\d+)/.exec(forward.output()) ?? [];
    // The runner itself, which asks for a token.
    expect((await fetch(`http://127.0.0.1:${port}/v1/ready`)).status).toBe(401);
    await Promise.all([logs.stop(), forward.stop()]);
  });

  it.each([0, 1])('users of replica %i are told when it is killed, and come back', async (replica) => {
    const other = 1 - replica;
    const program = await connected(replica, talk(), 'talk');
    const neighbour = await connected(other, talk(), 'talk');
    const logs = await connected(replica, ['logs', '-f', pod], 'I begin.');
    await running.get(`replica ${replica}`)?.kill();
    expect([await program.exited, await logs.exited]).toEqual([1, 1]);
    await canRun(other);
    const said = neighbour.output().length;
    await neighbour.until({
      what: 'go on',
      ready: () => neighbour.output().length > said,
      timeoutMs: 10_000,
    });
    await neighbour.stop();
    await expect.poll(() => programsLeft(other), { timeout: 30_000 }).toBe('');
    const name = replica === 0 ? 'replica 0' : 'replica 1';
    running.set(name, await start[name]());
    await canRun(replica);
  });

  it('all are told when the executor manager is killed, their programs end, and the next one serves both', async () => {
    const programs = await Promise.all([connected(0, talk(), 'talk'), connected(1, talk(), 'talk')]);
    const forward = await connected(1, ['port-forward', pod, ':8080'], 'Forwarding from 127.0.0.1');
    await running.get('executor')?.kill();
    const codes = await Promise.all([...programs, forward].map((one) => one.exited));
    expect(codes).toEqual([1, 1, 1]);
    const away = await kubectl(0, 'exec', pod, '--', 'id');
    expect([away.code, away.stderr]).toEqual([
      1,
      expect.stringContaining('has no connection to this server'),
    ]);
    running.set('executor', await start.executor());
    await canRun(0);
    await canRun(1);
    expect(await programsLeft(0)).toBe('');
  });
});
