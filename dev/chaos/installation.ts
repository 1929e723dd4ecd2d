import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from '../environment/free-port.ts';
import { loadBalancer } from '../environment/load-balancer.ts';
import { temporaryFolder } from '../environment/temporary-folder.ts';
import type { ChaosEngine } from './engines.ts';
import { TroupeMember } from './member.ts';
import type { Member, TroupeOptions } from './member.ts';
import { executorFolder, executorPlace } from './executor-place.ts';
import type { ExecutorPlace } from './executor-place.ts';
import { killProcessesOf } from './remains.ts';
import { runnersOf } from './runners.ts';
import { openStore } from './stores.ts';
import type { ChaosDatabase } from './stores.ts';

/** All of Troupe as in production: replicas of the API behind a load balancer, with a store of its own. */
export interface Installation extends AsyncDisposable {
  readonly kubeconfig: string;
  /** All that may be killed. */
  readonly members: readonly Member[];
  /** Each process of it, and each that they start, has this folder in its environment. */
  readonly folder: string;
  /** Folder for their temporary files. */
  readonly temporary: string;
  readonly executors: readonly ExecutorPlace[];
  /** Stops all in order, so that only what is left behind is left. */
  stop(): Promise<void>;
}

export interface InstallationOptions {
  database: ChaosDatabase;
  /** Folder for the logs of all processes. */
  logs: string;
  /** Without it there is no executor with containers. */
  engine: ChaosEngine | undefined;
  /** Address of this machine that sandboxes reach. */
  host: string;
  /** Ends the start; its reason is thrown. */
  signal: AbortSignal;
}

/** So that nobody has to wait for the 15 s of the default when a leader is killed. */
const SHORT_LEASE = [
  '--leader-elect-lease-duration=8s',
  '--leader-elect-renew-deadline=4s',
  '--leader-elect-retry-period=500ms',
];

const MOST_EXIT_LISTENERS = 100;

export async function startInstallation(options: InstallationOptions): Promise<Installation> {
  const { database, logs, engine, host, signal } = options;
  await using stack = new AsyncDisposableStack();
  // Each process and folder is put away when this process exits.
  process.setMaxListeners(MOST_EXIT_LISTENERS);
  const folder = stack.use(await temporaryFolder('chaos')).path;
  const temporary = await openFolder(folder);
  // Sandboxes outlive their manager, as it may come back; after a run that fails nobody does.
  stack.defer(() => killProcessesOf(folder));
  const store = stack.use(await openStore(database, folder));
  const ports = await Promise.all(Array.from({ length: store.replicas }, () => freePort()));
  const front = { host: '127.0.0.1', port: await freePort(), targets: ports };
  const { url } = stack.use(await loadBalancer(front));
  const members: Member[] = [...store.members];
  const first = await executorPlace(folder, 'process');
  members.push(runnersOf(executorFolder(first)));
  const executors = [first];
  if (engine !== undefined) {
    const place = await executorPlace(folder, 'docker');
    const front = await engine.front({ path: path.join(folder, 'docker.sock'), executor: place.name });
    members.push(stack.use(front));
    executors.push({ ...place, engine: engine.host, engineFront: front.address });
  }
  const env = {
    TMPDIR: temporary,
    TROUPE_ALLOWED_ADDRESSES: `localhost, ${host}`,
    ...store.env,
  };
  const dataDir = path.join(folder, 'data');
  for (const process_ of processes({ dataDir, ports, url, executors })) {
    const member = stack.use(new TroupeMember({ ...process_, env: { ...env, ...process_.env }, logs }));
    signal.throwIfAborted();
    await member.start();
    members.push(member);
  }
  const owned = stack.move();
  return {
    ...{ kubeconfig: kubeconfigIn(dataDir), members, folder, temporary, executors },
    async stop() {
      for (const member of members.toReversed()) await member[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** As /tmp is: the process of conversations has a user of its own, and everybody removes what is his. */
async function openFolder(folder: string): Promise<string> {
  const temporary = path.join(folder, 'tmp');
  await mkdir(temporary);
  await chmod(folder, 0o711);
  await chmod(temporary, 0o1777);
  return temporary;
}

const kubeconfigIn = (dataDir: string): string => path.join(dataDir, 'kubeconfig');

interface Places {
  dataDir: string;
  /** Of the replicas. */
  ports: readonly number[];
  /** Of the load balancer. */
  url: string;
  executors: readonly ExecutorPlace[];
}

/** Troupe's processes, in the order in which they start. */
function processes({ dataDir, ports, url, executors }: Places): Omit<TroupeOptions, 'logs'>[] {
  const connected = ['--kubeconfig', kubeconfigIn(dataDir), '--health-address', 'none'];
  const replicas = ports.map((port, index) => ({
    name: `api-${index}`,
    args: ['api', '--listen', `127.0.0.1:${port}`, '--data-dir', dataDir, '--advertise-url', url],
    env: {},
  }));
  return [
    ...replicas,
    { name: 'controllers', args: ['controllers', ...connected, ...SHORT_LEASE], env: {} },
    ...executors.map((executor) => executorProcess(executor, connected)),
  ];
}

function executorProcess(
  { name, dataDir, ports, engineFront: engine }: ExecutorPlace,
  connected: readonly string[],
): Omit<TroupeOptions, 'logs'> {
  const driver = engine === undefined ? 'process' : 'docker';
  return {
    name: `executor-manager-${driver}`,
    args: ['executor-manager', ...connected, '--driver', driver, '--data-dir', dataDir],
    env: {
      EXECUTOR_NAME: name,
      EXECUTOR_PORT_RANGE_MIN: String(ports.min),
      EXECUTOR_PORT_RANGE_MAX: String(ports.max),
      ...(engine === undefined ? {} : { DOCKER_HOST: engine }),
    },
  };
}
