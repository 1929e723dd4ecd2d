import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import type { Cluster } from '#dev/environment/kubernetes/cluster';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { buildServerImage } from '#release/image';
import { CHART } from '../conformance/chart/chart.ts';
import { freshDatabase } from '../conformance/storage/databases.ts';
import { mustRun, run } from '../kit/command.ts';
import type { CommandResult } from '../kit/command.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';

const IMAGE = { repository: 'troupe', tag: 'chart-test' };
const RELEASE = 'troupe';
export const DATABASE_SECRET = 'troupe-database';

/** A namespace with the Pod Security Standard "restricted", a database for it, and helm with the values of an installation. */
export interface ChartRelease extends AsyncDisposable {
  readonly namespace: string;
  kubectl(...args: string[]): Promise<string>;
  /** Makes objects, as JSON. */
  create(...objects: object[]): Promise<void>;
  /** Has the server validate objects without making them. */
  mustCheck(objects: readonly object[]): Promise<void>;
  /** Of the release: `helm install`, `upgrade` and so on. */
  helm(command: string, ...args: string[]): Promise<CommandResult>;
  mustHelm(command: string, ...args: string[]): Promise<string>;
  /** Command line of values for `install` and `upgrade`. */
  readonly values: readonly string[];
  /** A kubeconfig of the installation's owner, from outside the cluster. */
  ownerKubeconfig(): Promise<string>;
}

export interface ChartReleaseOptions {
  cluster: Cluster;
  /** The path of the program. */
  helm: string;
  namespace: string;
  /** More values of the chart. */
  values: object;
}

/** Puts the server's image onto the node of the cluster. */
async function loadServerImage(cluster: Cluster): Promise<void> {
  const tag = await buildServerImage({ tag: `${IMAGE.repository}:${IMAGE.tag}` });
  const archive = path.join(cluster.folder, 'server-image.tar');
  await mustRun('docker', ['save', tag, '-o', archive]);
  await cluster.load(archive);
  await rm(archive);
}

export async function openChartRelease(options: ChartReleaseOptions): Promise<ChartRelease> {
  const { cluster, namespace } = options;
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('chart')).path;
  const env = {
    KUBECONFIG: cluster.kubeconfig,
    HELM_CACHE_HOME: path.join(folder, 'cache'),
    HELM_CONFIG_HOME: path.join(folder, 'config'),
    HELM_DATA_HOME: path.join(folder, 'data'),
  };
  const kubectl = (...args: string[]): Promise<string> =>
    mustRun('kubectl', ['-n', namespace, ...args], { env });
  const send = async (items: readonly object[], ...args: string[]): Promise<void> => {
    const stdin = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await mustRun('kubectl', ['create', '-f', '-', ...args], { env, stdin });
  };
  const create = (...items: object[]): Promise<void> => send(items, '-n', namespace);
  await loadServerImage(cluster);
  const database = stack.use(await freshDatabase('mariadb'));
  const url = new URL(database.url);
  const proxy = stack.use(await tcpProxy(Number(url.port), cluster.machineAddress));
  url.host = `${cluster.machineAddress}:${proxy.port}`;
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  await send([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }]);
  stack.defer(async () => void (await kubectl('delete', 'namespace', namespace)));
  await create({
    ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: DATABASE_SECRET } },
    stringData: { url: url.href },
  });
  const valuesFile = path.join(folder, 'values.yaml');
  await writeFile(
    valuesFile,
    stringify({ image: IMAGE, database: { existingSecret: DATABASE_SECRET }, ...options.values }),
  );
  const words = (command: string, args: string[]): string[] => [command, RELEASE, '-n', namespace, ...args];
  const open = stack.move();
  return {
    ...{ namespace, kubectl, create },
    mustCheck: (items) => send(items, '--dry-run=server', '--validate=strict'),
    helm: (command, ...args) => run(options.helm, words(command, args), { env }),
    mustHelm: (command, ...args) => mustRun(options.helm, words(command, args), { env }),
    values: [CHART, '--values', valuesFile],
    ownerKubeconfig: () => writeOwnerKubeconfig(path.join(folder, 'owner.kubeconfig'), kubectl, namespace),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** This machine reaches the addresses of Services, of which the certificate has the names. */
async function writeOwnerKubeconfig(
  file: string,
  kubectl: ChartRelease['kubectl'],
  namespace: string,
): Promise<string> {
  const address = await kubectl('get', 'service', 'troupe-api', '-o', 'jsonpath={.spec.clusterIP}');
  const secret = JSON.parse(await kubectl('get', 'secret', 'troupe-identity', '-o', 'json')) as {
    data: Record<string, string>;
  };
  const cluster = {
    server: `https://${address}`,
    'tls-server-name': `troupe-api.${namespace}.svc`,
    'certificate-authority-data': secret.data['ca.crt'],
  };
  const token = Buffer.from(secret.data['token'] ?? '', 'base64')
    .toString('utf8')
    .trim();
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'one' },
    clusters: [{ name: 'one', cluster }],
    users: [{ name: 'one', user: { token } }],
    contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
  };
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}
