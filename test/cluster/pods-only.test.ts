import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { ResourceType } from '#api/machinery/resource-type';
import type { ExecSpec, RuntimeDriver, RuntimeSpec } from '#executor-manager/drivers/driver';
import { connectCluster } from '#executor-manager/drivers/kubernetes/cluster-connection';
import { PODS, PULL_SECRETS } from '#executor-manager/drivers/kubernetes/cluster-objects';
import { KubernetesDriver } from '#executor-manager/drivers/kubernetes/kubernetes-driver';
import { readKubernetesSettings } from '#executor-manager/drivers/kubernetes/kubernetes-settings';
import type { KubernetesFlags } from '#executor-manager/drivers/kubernetes/kubernetes-settings';
import { createRunnerClient } from '#executor-manager/run/runner-client';
import { newRuntimeID } from '#executor-manager/runtime/runtime-source';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { PodTemplate } from '#executor-manager/drivers/kubernetes/pod-template';
import { testCluster } from '../kit/cluster.ts';
import { commandsFor, mustRun } from '../kit/command.ts';
import { ROOT } from '../kit/paths.ts';
import { RUNNER_TOKEN, RUNNER_TOKEN_HASH } from '../kit/runner.ts';
import { SANDBOX_IMAGE } from './sandbox-image.ts';
import { openSandboxNamespace } from './sandbox-namespace.ts';
import type { SandboxNamespace } from './sandbox-namespace.ts';

/** Abilities that the suite of all drivers does not ask for. */
const node = testCluster();
const stack = new AsyncDisposableStack();
const forever = new AbortController().signal;
const ending = new AbortController();
const limits = { memory: 512 * 2 ** 20, cpus: 1, pids: 128, disk: 2 ** 28 };
let place: SandboxNamespace;
const opened: RuntimeDriver[] = [];

/** A driver that works with workspaces in their Pods, which is faster. */
async function driverWith(
  flags: KubernetesFlags = {},
  template: PodTemplate = {},
): Promise<KubernetesDriver> {
  const { namespace, kubeconfig } = place;
  const settings = readKubernetesSettings({ kubeconfig, namespace, workspace: 'ephemeral', ...flags });
  const cluster = stack.adopt(await connectCluster(settings), (one) => one.close());
  const driver = new KubernetesDriver({
    ...{ cluster, settings, template, executorName: 'only', owner: randomUUID().slice(0, 16) },
    ...{ image: SANDBOX_IMAGE, clock: systemClock, logger: silentLogger, signal: ending.signal },
  });
  opened.push(driver);
  return driver;
}

async function started(driver: RuntimeDriver, spec: Partial<RuntimeSpec> = {}) {
  const id = newRuntimeID();
  const runtime = await driver.start({ id, tokenHash: RUNNER_TOKEN_HASH, limits, ...spec }, forever);
  const client = createRunnerClient({ address: runtime.address, token: RUNNER_TOKEN, clock: systemClock });
  stack.defer(() => client.close());
  await client.ready(30_000, forever);
  return { id, runtime, client };
}

async function run(driver: RuntimeDriver, id: string, command: string[], input?: string) {
  const spec: ExecSpec = { id: randomUUID(), command, stdin: input !== undefined, tty: false };
  const program = await driver.exec?.(id, spec);
  if (program === undefined) throw new Error('no exec');
  if (input !== undefined) program.input.end(input);
  const said = { stdout: '', stderr: '' };
  for await (const { stream, data } of program.output) said[stream] += data.toString('utf8');
  const code = await program.exitCode();
  program.close();
  return { ...said, code };
}

const shell = (driver: RuntimeDriver, id: string, script: string) => run(driver, id, ['bash', '-c', script]);

describe.skipIf(node.missing)('a driver of Pods', () => {
  beforeAll(async () => {
    place = stack.use(await openSandboxNamespace(node.cluster));
  });
  afterAll(async () => {
    for (const driver of opened) for (const { id } of await driver.list()) await driver.remove(id);
    ending.abort(new Error('the tests are over'));
    await stack.disposeAsync();
  });

  it('reaches runners through the API, and runs programs beside them as the agent’s user', async () => {
    const driver = await driverWith();
    const { id, runtime } = await started(driver);
    expect(runtime.address.host).toBe('127.0.0.1');
    expect(await shell(driver, id, 'id -u; pwd; echo to stderr >&2; exit 3')).toEqual({
      ...{ stdout: '10001\n/workspace\n', stderr: 'to stderr\n', code: 3 },
    });
    expect(await run(driver, id, ['cat'], 'what is typed')).toMatchObject({
      stdout: 'what is typed',
      code: 0,
    });
    const large = await shell(driver, id, 'head -c 3000000 /dev/zero');
    expect(large.stdout).toHaveLength(3_000_000);
    await expect(run(driver, id, ['/no/such/program'])).resolves.toMatchObject({ code: 127 });
    await driver.remove(id);
    await expect(run(driver, id, ['true'])).rejects.toMatchObject({ reason: 'NotFound' });
  });

  it('lets a sandbox write where it may, and nowhere else', async () => {
    const driver = await driverWith();
    const { id } = await started(driver);
    const script =
      'for d in / /opt/troupe /etc /workspace /tmp /home/agent /run/troupe; do touch $d/x 2>/dev/null && echo $d; done';
    const { stdout } = await shell(driver, id, script);
    expect(stdout.trim().split('\n')).toEqual(['/workspace', '/tmp', '/home/agent', '/run/troupe']);
    const rights = await shell(
      driver,
      id,
      'grep -E "CapEff|NoNewPrivs|Seccomp:" /proc/self/status; ls /var/run/secrets',
    );
    expect(rights.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'CapEff: 0000000000000000 NoNewPrivs: 1 Seccomp: 2',
    );
    expect(rights.stderr).toContain('No such file');
  });

  it('runs in an image of somebody else, whose variables do not reach the runner', async () => {
    const image = `troupe-odd:${randomUUID()}`;
    const folder = stack.use(await temporaryFolder('odd')).path;
    await writeFile(path.join(folder, 'theirs'), 'x');
    await mustRun('tar', ['-C', folder, '-cf', path.join(folder, 'root.tar'), 'theirs']);
    const variables = [
      'NODE_OPTIONS=--require /no/such/module',
      'LD_PRELOAD=/no/such',
      'TOOL_HOME=/usr/tools',
    ];
    const changes = variables.flatMap((variable) => ['--change', `ENV ${variable.replace('=', ' ')}`]);
    await mustRun('docker', ['import', ...changes, path.join(folder, 'root.tar'), image]);
    stack.defer(async () => void (await mustRun('docker', ['image', 'rm', image])));
    await mustRun('docker', ['save', image, '-o', path.join(folder, 'image.tar')]);
    await node.cluster.load(path.join(folder, 'image.tar'));
    const driver = await driverWith();
    const { id } = await started(driver, { image });
    const said = await run(driver, id, [
      '/opt/troupe/bin/bash',
      '-c',
      'PATH=/opt/troupe/bin; id -u; cat /theirs; echo; echo $TOOL_HOME; touch /opt/troupe/x',
    ]);
    expect(said.stdout).toBe('10001\nx\n/usr/tools\n');
    expect(said.stderr).toContain('Read-only file system');
  });

  it('says that a workspace in a Pod ends with it', async () => {
    expect((await driverWith()).capabilities.workspaceEndsWithRuntime).toBe(true);
    expect((await driverWith({ workspace: 'claim' })).capabilities.workspaceEndsWithRuntime).toBe(false);
  });

  it('tells that memory ran out', async () => {
    const driver = await driverWith();
    const { id } = await started(driver, { limits: { ...limits, memory: 128 * 2 ** 20 } });
    const exited = driver.exited(id, forever);
    // Files in memory count too, and the largest process is the runner.
    await shell(driver, id, 'head -c 200000000 /dev/zero > /tmp/x').catch(() => undefined);
    expect(await exited).toMatchObject({ outOfMemory: true });
    expect(await driver.list()).toContainEqual(
      expect.objectContaining({ id, running: false, outOfMemory: true }),
    );
  });

  describe('the network', () => {
    it('leads to networks that are allowed, and not to others', async () => {
      const server = createServer((socket) => socket.end('hello')).listen(0, place.machineAddress);
      await once(server, 'listening');
      stack.defer(() => void server.close());
      const { port } = server.address() as AddressInfo;
      const call = `timeout 3 bash -c 'cat < /dev/tcp/${place.machineAddress}/${port}'`;
      const closed = await driverWith();
      const open = await driverWith({ egress: [`${place.machineAddress}/32`] });
      const [a, b] = await Promise.all([started(closed), started(open)]);
      expect((await shell(open, b.id, call)).stdout).toBe('hello');
      // A network may refuse, or be silent.
      expect(await shell(closed, a.id, call)).toMatchObject({ stdout: '' });
      const api = `timeout 3 bash -c ': < /dev/tcp/${node.cluster.nodeAddress}/6443'`;
      expect((await shell(closed, a.id, api)).code, 'the control plane').not.toBe(0);
      const pod = await place.client.get(PODS, { namespace: place.namespace, name: b.id });
      const other = `timeout 3 bash -c 'echo > /dev/tcp/${pod.status?.podIP}/8080'`;
      expect((await shell(closed, a.id, other)).code, 'another sandbox').not.toBe(0);
    });
  });

  describe('says why a sandbox cannot be made', () => {
    it('its image has no such name', async () => {
      const driver = await driverWith();
      const starting = started(driver, { image: 'Not An Image' });
      await expect(starting).rejects.toThrow('"Not An Image" is not the name of an image');
    });

    it('its image cannot be pulled, and leaves no Secret for that', async () => {
      const driver = await driverWith();
      const image = '127.0.0.1:1/none:1';
      const registryCredential = async () => ({
        ...{ username: 'u', password: 'p', serveraddress: '127.0.0.1:1' },
      });
      const starting = started(driver, { image, registryCredential });
      await expect(starting).rejects.toThrow(`image ${image} cannot be pulled: `);
      const { items } = await place.client.list(PULL_SECRETS, { namespace: place.namespace });
      expect(items.map(({ metadata }) => metadata.name)).toEqual([]);
    });

    it('its namespace is not there', async () => {
      const driver = await driverWith({ namespace: 'nowhere' });
      const expected = 'kubectl create namespace nowhere';
      await expect(started(driver)).rejects.toThrow(expected);
      expect(await driver.check()).toMatchObject({
        ready: false,
        message: expect.stringContaining(expected),
      });
      opened.pop();
    });

    it('its RuntimeClass is not there', async () => {
      const driver = await driverWith({ runtimeClass: 'gvisor' });
      const message = expect.stringMatching(/RuntimeClass .*gvisor.* not found/);
      expect(await driver.check()).toMatchObject({ ready: false, message });
    });

    it('no node has room, until it gives up', async () => {
      const driver = await driverWith(
        { startTimeoutSeconds: 3 },
        { spec: { nodeSelector: { pool: 'none' } } },
      );
      const said: [string, object | undefined][] = [];
      const spec = { id: newRuntimeID(), tokenHash: RUNNER_TOKEN_HASH, limits };
      const starting = driver.start(spec, forever, (...all) => said.push([all[0], all[1]]));
      await expect(starting).rejects.toThrow('the Pod was not started within 3 s');
      expect(said).toEqual([
        [expect.stringMatching(/^No node for the Pod yet: 0\/1 nodes are available/), { pulling: false }],
      ]);
    });

    it('a right is missing, with its verb and resource', async () => {
      const { commands, kubeconfig, role } = await limitedAccount();
      const driver = await driverWith({ kubeconfig, workspace: 'claim', storageClass: place.storageClass });
      expect(await driver.check(), 'the Role of docs/kubernetes.md suffices').toMatchObject({ ready: true });
      const { id } = await started(driver);
      expect((await shell(driver, id, 'echo hello')).stdout).toBe('hello\n');
      await driver.remove(id);
      const less = { ...role, rules: role.rules.filter(({ resources }) => !resources.includes('secrets')) };
      await commands.apply(stringify(less));
      const lacking = await driverWith({ kubeconfig });
      expect(await lacking.check()).toMatchObject({
        ready: false,
        message: expect.stringMatching(/lacks rights in the namespace \S+: create secrets, delete secrets/),
      });
    });

    it('the quota is used up, which does not make the executor unready', async () => {
      const driver = await driverWith();
      await place.client.create(QUOTAS, {
        ...{
          apiVersion: 'v1',
          kind: 'ResourceQuota',
          metadata: { name: 'none', namespace: place.namespace },
        },
        ...{ spec: { hard: { 'count/pods': '0' } } },
      });
      try {
        await expect
          .poll(() => started(driver).catch((error: unknown) => String(error)), { timeout: 20_000 })
          .toMatch(/quota of the namespace .* leaves no room/);
        expect(await driver.check()).toMatchObject({ ready: true });
      } finally {
        await place.client.delete(QUOTAS, { namespace: place.namespace, name: 'none' });
      }
    });
  });
});

interface Role {
  metadata: object;
  rules: { resources: string[] }[];
}

/** An account with the rights of the Role that users are told of, and its kubeconfig. */
async function limitedAccount() {
  const commands = commandsFor(place.kubeconfig);
  const { namespace } = place;
  const text = await readFile(path.join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const block = /```yaml\n(apiVersion: v1\nkind: Namespace[\s\S]*?)```/.exec(text)?.[1] ?? '';
  const [, found] = block.split('---\n');
  const told = parse(found ?? '') as Role;
  const role = { ...told, metadata: { ...told.metadata, namespace } };
  await commands.apply(stringify(role));
  const kubectl = (...args: string[]) => commands.mustKubectl([...args, '-n', namespace]);
  await kubectl('create', 'serviceaccount', 'manager');
  const name = 'troupe-executor-manager';
  await kubectl(
    'create',
    'rolebinding',
    'manager',
    `--role=${name}`,
    `--serviceaccount=${namespace}:manager`,
  );
  const token = (await kubectl('create', 'token', 'manager')).trim();
  const config = parse(await readFile(place.kubeconfig, 'utf8')) as { users: object[] };
  const user = (config.users[0] as { name: string }).name;
  const folder = stack.use(await temporaryFolder('account')).path;
  const kubeconfig = path.join(folder, 'kubeconfig');
  await writeFile(kubeconfig, stringify({ ...config, users: [{ name: user, user: { token } }] }));
  return { commands, kubeconfig, role };
}

const QUOTAS: ResourceType = {
  ...{ group: '', version: 'v1', kind: 'ResourceQuota', plural: 'resourcequotas', namespaced: true },
};
