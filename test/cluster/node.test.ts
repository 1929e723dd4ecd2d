import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BUSYBOX_IMAGE, writeBusyboxArchive } from '#dev/environment/kubernetes/busybox-image';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testCluster } from '../kit/cluster.ts';

const NAMESPACE = 'node-test';
const given = testCluster();
const execute = promisify(execFile);

async function kubectl(...args: string[]): Promise<string> {
  const { stdout } = await execute('kubectl', [
    '--kubeconfig',
    given.cluster.kubeconfig,
    '-n',
    NAMESPACE,
    ...args,
  ]);
  return stdout.trim();
}

async function apply(...objects: object[]): Promise<void> {
  const child = execute('kubectl', ['--kubeconfig', given.cluster.kubeconfig, 'apply', '-f', '-']);
  child.child.stdin?.end(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await child;
}

const pod = (name: string, script: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'main', image: BUSYBOX_IMAGE, command: ['sh', '-c', script] }],
  },
});

const policy = (from: object[]): object => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'of-the-server', namespace: NAMESPACE },
  spec: {
    podSelector: { matchLabels: { app: 'server' } },
    policyTypes: ['Ingress'],
    ingress: from.length === 0 ? [] : [{ from }],
  },
});

describe.skipIf(given.missing)('the cluster of the tests', () => {
  beforeAll(async () => {
    await using folder = await temporaryFolder('archive');
    const archive = path.join(folder.path, 'busybox.tar');
    await writeBusyboxArchive(archive);
    await given.cluster.load(archive);
    await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
    await apply(pod('server', 'httpd -f -p 80 -h /etc'), pod('client', 'sleep 3600'));
    await kubectl('wait', '--for=condition=Ready', 'pod/server', 'pod/client', '--timeout=120s');
  });
  afterAll(async () => {
    await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  });

  /** The answer that the client gets from the server within a second; '' when it does not reach it. */
  async function answer(): Promise<string> {
    const address = await kubectl('get', 'pod', 'server', '-o', 'jsonpath={.status.podIP}');
    return kubectl(
      'exec',
      'client',
      '--',
      'sh',
      '-c',
      `printf 'GET /passwd HTTP/1.0\\r\\n\\r\\n' | nc -w 1 ${address} 80 || true`,
    );
  }

  test('its node is ready, runs an image that was loaded, and its Pods find each other', async () => {
    expect(
      await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].status.nodeInfo.kubeletVersion}'),
    ).toMatch(/^v1\./);
    await vi.waitFor(async () => expect(await answer()).toContain('root:x:0:0'), { timeout: 30_000 });
    const names = await kubectl('exec', 'client', '--', 'nslookup', 'kubernetes.default.svc.cluster.local');
    expect(names).toContain(`10.96.${given.cluster.number}.1`);
    expect(await kubectl('exec', 'client', '--', 'nslookup', 'host.internal')).toContain(
      given.cluster.machineAddress,
    );
  });

  test('a NetworkPolicy is enforced: nobody, then those it names, then everybody', async () => {
    await apply(policy([]));
    await vi.waitFor(async () => expect(await answer()).toBe(''), { timeout: 30_000 });
    await apply(policy([{ podSelector: { matchLabels: { app: 'client' } } }]));
    await vi.waitFor(async () => expect(await answer()).toContain('root:x:0:0'), { timeout: 30_000 });
    await kubectl('delete', 'networkpolicy', 'of-the-server');
    await vi.waitFor(async () => expect(await answer()).toContain('root:x:0:0'), { timeout: 30_000 });
  });
});
