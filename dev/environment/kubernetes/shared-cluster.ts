import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { openCluster, startCluster, stopCluster } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { whyNoCluster } from './cluster-machine.ts';

/** Names the cluster of this run to test files, which run in processes of their own. */
const CLUSTER_VARIABLE = 'TROUPE_TEST_CLUSTER';
/** Says why there is no cluster, so that tests which need it are skipped. */
export const WITHOUT_CLUSTER_VARIABLE = 'TROUPE_WITHOUT_CLUSTER';

/** One cluster for several processes, started when the first of them asks for it. */
export interface SharedCluster extends AsyncDisposable {
  /** The variables by which a child process finds it, or knows that no cluster is there. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The cluster that the environment names, else a new one; where none can start, one that says why. */
export async function sharedCluster(): Promise<SharedCluster> {
  const named = [CLUSTER_VARIABLE, WITHOUT_CLUSTER_VARIABLE].some((name) => process.env[name] !== undefined);
  if (named) return { variables: {}, async [Symbol.asyncDispose]() {} };
  const reason = await whyNoCluster();
  if (reason === undefined) return startWhenAsked();
  console.log(`tests on a real Kubernetes are skipped: ${reason}`);
  return { variables: { [WITHOUT_CLUSTER_VARIABLE]: reason }, async [Symbol.asyncDispose]() {} };
}

async function startWhenAsked(): Promise<SharedCluster> {
  let started: Promise<Cluster> | undefined;
  const server = createServer((_request, response) => {
    started ??= startCluster();
    started.then(
      ({ number }) => response.writeHead(200).end(String(number)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    variables: { [CLUSTER_VARIABLE]: `http://127.0.0.1:${port}` },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      // Why a start failed was told to whoever asked for the cluster.
      const cluster = await started?.catch(() => undefined);
      if (cluster !== undefined) await stopCluster(cluster.number);
    },
  };
}

/** Asks for the cluster of this run; resolves when it is ready, however long its programs take to build. */
export async function clusterOfThisRun(): Promise<Cluster> {
  const address = process.env[CLUSTER_VARIABLE];
  if (address === undefined)
    throw new Error(`${CLUSTER_VARIABLE} is not set; the set-up of the tests sets it`);
  const [response] = await once(get(address), 'response');
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(body);
  return openCluster(Number(body));
}
