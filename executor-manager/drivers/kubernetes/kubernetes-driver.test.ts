import { afterEach, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { createManualClock } from '#api/machinery/manual-clock';
import { silentLogger } from '#api/machinery/logger';
import type { ClusterConnection } from './cluster-connection.ts';
import type { Pod } from './cluster-objects.ts';
import { KubernetesDriver } from './kubernetes-driver.ts';
import { readKubernetesSettings } from './kubernetes-settings.ts';

const MINUTE = 60_000;
const ending = new AbortController();
afterEach(() => ending.abort());

/** A Pod that was deleted, and whose node does not say that it has ended. */
function deletedPod(reason?: string): Pod {
  const conditions = reason === undefined ? [] : [{ type: 'DisruptionTarget', status: 'True', reason }];
  return {
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'rt-1', resourceVersion: '1', deletionTimestamp: '2026-11-30T00:00:00Z' },
    spec: { containers: [], nodeName: 'n1' },
    status: { phase: 'Running', conditions },
  };
}

function driverOf(pod: Pod) {
  const deleted: string[] = [];
  const client = {
    list: async () => ({ items: [pod], metadata: { resourceVersion: '1' } }),
    async *watch(_type: unknown, { signal }: { signal: AbortSignal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* [];
    },
    find: async () => pod,
    delete: async ({ plural }: { plural: string }) => void deleted.push(plural),
    within: () => client,
  } as unknown as Client;
  const clock = createManualClock();
  const driver = new KubernetesDriver({
    cluster: { client, namespace: 'sandboxes', managerNamespace: 'troupe' } as ClusterConnection,
    settings: readKubernetesSettings(),
    template: {},
    ...{ executorName: 'e', owner: 'o', image: 'i', logger: silentLogger, clock, signal: ending.signal },
  });
  return { driver, clock, deleted };
}

/** As it is after the minute that a Pod has to go. */
async function afterMinute(given: ReturnType<typeof driverOf>, act: (id: string) => Promise<void>) {
  const acting = act('rt-1');
  acting.catch(() => undefined);
  while (given.clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
  given.clock.advance(MINUTE);
  return acting;
}

it('a run does not wait for a Pod that the cluster has given up with its node', async () => {
  const given = driverOf(deletedPod('DeletionByTaintManager'));
  await expect(afterMinute(given, (id) => given.driver.stop(id))).resolves.toBeUndefined();
});

it('a Pod that may still be at work was not stopped', async () => {
  const given = driverOf(deletedPod());
  await expect(afterMinute(given, (id) => given.driver.stop(id))).rejects.toMatchObject({
    reason: 'Conflict',
  });
});

it('what is around a Pod stays until it is gone: its agent may be at work on a node that is cut off', async () => {
  const given = driverOf(deletedPod('DeletionByTaintManager'));
  const removing = afterMinute(given, (id) => given.driver.remove(id));
  await expect(removing).rejects.toMatchObject({ reason: 'Conflict' });
  expect(given.deleted).toEqual(['pods']);
});
