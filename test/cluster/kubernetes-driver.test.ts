import { randomUUID } from 'node:crypto';
import { describe } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { ResourceType } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import { connectCluster } from '#executor-manager/drivers/kubernetes/cluster-connection';
import { CLAIMS, NETWORK_POLICIES, PODS } from '#executor-manager/drivers/kubernetes/cluster-objects';
import { KubernetesDriver } from '#executor-manager/drivers/kubernetes/kubernetes-driver';
import { readKubernetesSettings } from '#executor-manager/drivers/kubernetes/kubernetes-settings';
import type { KubernetesFlags } from '#executor-manager/drivers/kubernetes/kubernetes-settings';
import { LABEL, ownedBy } from '#executor-manager/drivers/kubernetes/labels';
import { driverSuite } from '../integration/drivers/driver-suite.ts';
import type { DriverWorld } from '../integration/drivers/driver-suite.ts';
import { testCluster } from '../kit/cluster.ts';
import { podProcesses } from './pod-processes.ts';
import { SANDBOX_IMAGE } from './sandbox-image.ts';
import { openSandboxNamespace } from './sandbox-namespace.ts';

const node = testCluster();

async function open(flags: KubernetesFlags): Promise<DriverWorld> {
  const stack = new AsyncDisposableStack();
  const { kubeconfig, namespace, storageClass } = stack.use(await openSandboxNamespace(node.cluster));
  const settings = readKubernetesSettings({ kubeconfig, namespace, storageClass, ...flags });
  const cluster = stack.adopt(await connectCluster(settings), (one) => one.close());
  const { client } = cluster;
  const ending = new AbortController();
  stack.defer(() => ending.abort(new Error('the tests are over')));
  const of = { executorName: 'driver-suite', owner: randomUUID().slice(0, 16) };
  const selection = { namespace, labelSelector: ownedBy({ ...of, namespace }) };
  return {
    driver: () =>
      new KubernetesDriver({
        ...{ cluster, settings, template: {}, ...of, image: SANDBOX_IMAGE },
        ...{ clock: systemClock, logger: silentLogger, signal: ending.signal },
      }),
    async remains() {
      const types = [PODS, CLAIMS, NETWORK_POLICIES];
      const lists = await Promise.all(types.map((type: ResourceType) => client.list(type, selection)));
      return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
    },
    async kill({ id }) {
      const { metadata } = await client.get(PODS, { namespace, name: id });
      for (const pid of await podProcesses(metadata.uid ?? '')) process.kill(pid, 'SIGKILL');
    },
    async lose({ id }) {
      await ignoreNotFound(client.delete(PODS, { namespace, name: id }, { gracePeriodSeconds: 1 }));
    },
    async leaveOlderVersion() {
      const labels = {
        [LABEL.managedBy]: 'troupe',
        [LABEL.executor]: of.executorName,
        [LABEL.owner]: of.owner,
      };
      await client.create(CLAIMS, {
        ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
        metadata: { name: `of-task-${of.owner}`, namespace, labels },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

describe.skipIf(node.missing)('on a kubelet', () => {
  const here = { reach: 'pod-ip', ingressFrom: ['10.0.0.0/8'] };
  driverSuite('kubernetes', () => open(here), { publishesPorts: false });
});
