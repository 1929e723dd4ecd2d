import { randomUUID } from 'node:crypto';
import { startModelServer } from '#model-server/model-server';
import { parseScript } from '#model-server/load-script';
import { connect } from '#api/client/connect';
import type { Client } from '#api/client/client';
import { silentLogger } from '#api/machinery/logger';
import { PODS } from '#executor-manager/drivers/kubernetes/cluster-objects';
import type { Cluster } from '../../environment/kubernetes/cluster.ts';
import type { Figure } from '../load/figure.ts';
import { percentiles } from '../load/load.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import { applyChatTeam } from './chat-team.ts';
import { removeTask, runTask } from './task-start.ts';

const SAMPLES = 10;
const NAMESPACE = 'default';

/**
 * From applying a Task to the first event of its log, and to the agent's first word, in a Pod with its workspace on the
 * node. The floor is what the cluster takes from the creation of a bare Pod of the same image until it is Ready. The two
 * are measured in turns, so that both see the same machine. The image has to be on the node.
 */
export async function measurePodStart(cluster: Cluster, image: string): Promise<Figure[]> {
  const script = parseScript('- reply: pong\n');
  const model = await startModelServer({ host: '127.0.0.1', port: 0, script, logger: silentLogger });
  const { client, close } = await connect({ kubeconfig: cluster.kubeconfig });
  try {
    await using api = await apiUnderTest({
      command: [
        ...['server', '--driver', 'kubernetes', '--kubernetes-kubeconfig', cluster.kubeconfig],
        ...['--kubernetes-namespace', NAMESPACE, '--kubernetes-workspace', 'ephemeral'],
      ],
      // Else those who only talk would share a process.
      env: {
        ...{
          EXECUTOR_IMAGE: image,
          MAX_CONCURRENT_CONVERSATIONS: '0',
          TROUPE_ALLOWED_ADDRESSES: 'localhost',
        },
      },
    });
    const env = { model: 'claude', model_id: 'scripted-model', base_url: model.url, api_key: 'none' };
    await applyChatTeam(api, { env });
    const [events, words, bare]: number[][] = [[], [], []];
    // The first of each is warm-up.
    for (let sample = 0; sample <= SAMPLES; sample += 1) {
      const { firstEventMs, firstWordMs } = await runTask(api, `pod-${sample}`);
      await removeTask(api, `pod-${sample}`);
      const bareMs = await barePod(client, image);
      if (sample === 0) continue;
      events?.push(firstEventMs);
      words?.push(firstWordMs);
      bare?.push(bareMs);
    }
    return [
      figure('Task applied -> first event in a Pod', events, bare),
      figure('Task applied -> first word in a Pod', words, bare),
    ];
  } finally {
    await close();
    await model.close();
  }
}

function figure(name: string, samples: readonly number[] = [], bare: readonly number[] = []): Figure {
  const [ours, least] = [percentiles(samples), percentiles(bare)];
  return {
    ...{ name, on: 'kubernetes', value: `${Math.round(ours.p50Ms)} ms`, ...ours },
    floor: `bare Pod Ready ${Math.round(least.p50Ms)} ms`,
    ratio: ours.p50Ms / least.p50Ms,
  };
}

/** Milliseconds from creating a Pod that does nothing until it is Ready. */
async function barePod(client: Client, image: string): Promise<number> {
  const ref = { namespace: NAMESPACE, name: `bare-${randomUUID()}` };
  const container = { name: 'bare', image, imagePullPolicy: 'IfNotPresent', command: ['sleep', '600'] };
  const start = performance.now();
  const made = await client.create(PODS, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: ref },
    spec: { containers: [container], terminationGracePeriodSeconds: 1, restartPolicy: 'Never' },
  });
  const { resourceVersion = '' } = made.metadata;
  const one = { namespace: NAMESPACE, fieldSelector: `metadata.name=${ref.name}` };
  const signal = AbortSignal.timeout(60_000);
  try {
    for await (const event of client.watch(PODS, { ...one, resourceVersion, signal })) {
      if (event.type === 'ERROR') throw new Error(event.object.message ?? 'the watch broke');
      if (event.type === 'BOOKMARK') continue;
      const { conditions = [] } = event.object.status ?? {};
      if (conditions.some(({ type, status }) => type === 'Ready' && status === 'True'))
        return performance.now() - start;
    }
    throw new Error('the watch ended before the Pod was Ready');
  } finally {
    await client.delete(PODS, ref);
  }
}
