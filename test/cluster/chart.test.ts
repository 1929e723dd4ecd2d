import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectsOf, render } from '../conformance/chart/chart.ts';
import { makeAuthority } from '../kit/certificates.ts';
import { testCluster } from '../kit/cluster.ts';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { gitRepository } from '../kit/git-repository.ts';
import { goProgram } from '../kit/go-program.ts';
import { manifests, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { DATABASE_SECRET, openChartRelease } from './chart-release.ts';
import type { ChartRelease } from './chart-release.ts';
import { loadSandboxImage, SANDBOX_IMAGE } from './sandbox-image.ts';

/** The chart on a real node, from the install to what is left after the uninstall; each test goes on where the one before ended. */
const node = testCluster();
const helm = goProgram('helm-4');
const stack = new AsyncDisposableStack();
const NAMESPACE = 'chart-test';
const IDENTITY = 'troupe-identity';
const WAIT = ['--wait', '--timeout', '180s'];
/** Kinds of the cluster itself; those of operators are not there. */
const BUILT_IN =
  /^(v1|apps\/v1|batch\/v1|policy\/v1|autoscaling\/v2|networking\.k8s\.io\/v1|rbac\.authorization\.k8s\.io\/v1)$/;

/** Of containers that have ended, whether or not they were started again. */
const LAST_WORDS = ['state', 'lastState']
  .map((state) => `{.items[*].status.containerStatuses[*].${state}.terminated.message}`)
  .join('');

let release: ChartRelease;
let owner: Commands;

/** All that is in the namespace, but for what each namespace has and what comes and goes by itself. */
async function objects(): Promise<string[]> {
  const kinds = 'deploy,job,pod,service,secret,cm,sa,role,rolebinding,pdb,netpol,pvc,hpa';
  const names = (await release.kubectl('get', kinds, '-o', 'name')).split('\n');
  const usual = new Set(['', 'configmap/kube-root-ca.crt', 'serviceaccount/default']);
  return names.filter((name) => !usual.has(name)).toSorted();
}

async function ofCluster(): Promise<string[]> {
  const names = await release.kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name');
  return names.split('\n').filter((name) => name.includes(NAMESPACE));
}

const token = (): Promise<string> =>
  release.kubectl('get', 'secret', IDENTITY, '-o', 'jsonpath={.data.token}');
const revisions = async (): Promise<number> =>
  (JSON.parse(await release.mustHelm('history', '-o', 'json')) as unknown[]).length;

/** Asks for a Task again and again until `change` is over. @returns what failed */
async function askingDuring(change: () => Promise<unknown>): Promise<string[]> {
  const failures: string[] = [];
  const over = new AbortController();
  const asking = (async () => {
    while (!over.signal.aborted) {
      const { code, stderr } = await owner.kubectl(['get', 'task', 'first', '-o', 'name']);
      if (code !== 0) failures.push(stderr);
    }
  })();
  await change().finally(() => over.abort());
  await asking;
  return failures;
}

describe.skipIf(node.missing || helm.missing)('charts/troupe in a cluster', () => {
  beforeAll(async () => {
    const { cluster } = node;
    await loadSandboxImage(cluster);
    release = stack.use(
      await openChartRelease({
        ...{ cluster, helm: helm.path, namespace: NAMESPACE },
        values: {
          executorManager: {
            allowedAddresses: [cluster.machineAddress],
            persistence: { enabled: false },
          },
          sandboxes: {
            image: SANDBOX_IMAGE,
            workspace: 'ephemeral',
            egress: [`${cluster.machineAddress}/32`],
          },
        },
      }),
    );
  });
  afterAll(() => stack.disposeAsync());

  it('is what kube-apiserver takes, with every part of it turned on', async () => {
    const rendered = objectsOf(await render(helm.path, 'everything'));
    const known = rendered.filter(({ apiVersion }) => BUILT_IN.test(apiVersion));
    expect(known.length).toBeGreaterThan(25);
    for (const { metadata } of known) if (metadata.namespace !== undefined) metadata.namespace = NAMESPACE;
    await release.mustCheck(known);
  });

  it('is installed, and tests itself from inside', async () => {
    await release.mustHelm('install', ...release.values, ...WAIT);
    const pods = JSON.parse(await release.kubectl('get', 'pods', '-o', 'json')) as {
      items: { status: { containerStatuses: { ready: boolean }[] } }[];
    };
    expect(pods.items.map(({ status }) => status.containerStatuses.every(({ ready }) => ready))).toEqual(
      Array.from({ length: 5 }, () => true),
    );
    const tested = await release.mustHelm('test');
    expect(tested.match(/Phase: +Succeeded/g)).toHaveLength(2);
    owner = commandsFor(await release.ownerKubeconfig());
  });

  it('runs a Task in a Pod until it is COMPLETED', async () => {
    const { machineAddress: host } = node.cluster;
    const model = stack.use(await modelService('rules: [{ reply: Done. }]', host));
    const repository = stack.use(await gitRepository({ host, listen: host }));
    await owner.apply(teamManifests({ name: 'code', modelURL: model.url, gitUrl: repository.url }));
    await owner.apply(manifests(task({ name: 'first', team: 'code', prompt: 'work', workspace: 'code' })));
    await owner.mustKubectl(['wait', 'task/first', '--for=condition=Finished', '--timeout=180s']);
    const { status } = await owner.get<{ status: object }>('task', 'first');
    expect(status).toMatchObject({ status: 'COMPLETED' });
    const executor = ['get', 'sandboxes', '-o', 'jsonpath={.items[*].spec.executorName}'];
    expect(await owner.mustKubectl(executor)).toBe('troupe');
  });

  it('is upgraded and rolled back without a request that fails, as the same service', async () => {
    const before = await token();
    const change = (...args: string[]) =>
      askingDuring(() => release.mustHelm(...(args as [string]), ...WAIT));
    const upgrade = ['upgrade', ...release.values, '--set', 'api.podAnnotations.note=new'];
    expect(await change(...upgrade)).toEqual([]);
    expect(await change('rollback', '1')).toEqual([]);
    expect(await revisions()).toBe(3);
    expect(await token()).toBe(before);
    expect(await owner.get('task', 'first')).toMatchObject({ status: { status: 'COMPLETED' } });
  });

  it('says in the Pod why a wrong authority cannot be used, while the old replicas go on', async () => {
    const [one, other] = [await makeAuthority('CN=one'), await makeAuthority('CN=other')];
    await release.create({
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'wrong-authority' } },
      stringData: { 'tls.crt': one.certificate, 'tls.key': other.key },
    });
    await release.mustHelm(
      'upgrade',
      ...release.values,
      '--set',
      'identity.ca.existingSecret=wrong-authority',
    );
    const selector = 'app.kubernetes.io/component=api';
    await expect
      .poll(() => release.kubectl('get', 'pods', '-l', selector, '-o', `jsonpath=${LAST_WORDS}`), {
        timeout: 60_000,
      })
      .toMatch(
        /^troupe: --ca-cert \/identity\/ca\.crt and --ca-key \/identity\/ca\.key do not belong together/,
      );
    expect(await owner.mustKubectl(['get', 'task', 'first', '-o', 'name'])).toContain('first');
    await release.mustHelm('rollback', '3', ...WAIT);
    await release.kubectl('delete', 'secret', 'wrong-authority');
  });

  it('leaves what is to stay when it goes, and goes on from there when it comes again', async () => {
    const kept = await token();
    await release.mustHelm('uninstall', '--wait');
    await expect
      .poll(objects, { timeout: 60_000 })
      .toEqual([`secret/${DATABASE_SECRET}`, `secret/${IDENTITY}`]);
    expect(await ofCluster()).toEqual([]);
    const alone = ['controllers.enabled=false', 'executorManager.enabled=false', 'api.replicas=1'];
    const sets = [...alone, 'identity.deleteOnUninstall=true'].flatMap((set) => ['--set', set]);
    await release.mustHelm('install', ...release.values, ...sets, ...WAIT);
    expect(await token()).toBe(kept);
    const again = commandsFor(await release.ownerKubeconfig());
    expect(await again.get('task', 'first')).toMatchObject({ status: { status: 'COMPLETED' } });
  });

  it('removes the identity when it was asked to', async () => {
    await release.mustHelm('uninstall', '--wait');
    await expect.poll(objects, { timeout: 60_000 }).toEqual([`secret/${DATABASE_SECRET}`]);
  });
});
