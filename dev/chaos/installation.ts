import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { DatabaseFlavour } from '../environment/database-program.ts';
import { databaseServer } from '../environment/database-server.ts';
import { freePort } from '../environment/free-port.ts';
import { loadBalancer } from '../environment/load-balancer.ts';
import { privateRedis } from '../environment/redis.ts';
import type { Restartable } from '../environment/restartable-process.ts';
import { temporaryFolder } from '../environment/temporary-folder.ts';
import { TroupeMember } from './member.ts';
import type { Member, TroupeOptions } from './member.ts';

/** All of Troupe as in production: two replicas of the API behind a load balancer, a database and a Redis of its own. */
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

/** Where an executor manager keeps what it keeps. */
export interface ExecutorPlace {
  name: string;
  dataDir: string;
  ports: { min: number; max: number };
}

export interface InstallationOptions {
  database: DatabaseFlavour;
  /** Folder for the logs of all processes. */
  logs: string;
}

/** So that nobody has to wait for the 15 s of the default when a leader is killed. */
const SHORT_LEASE = [
  '--leader-elect-lease-duration=6s',
  '--leader-elect-renew-deadline=4s',
  '--leader-elect-retry-period=500ms',
];

export async function startInstallation({ database, logs }: InstallationOptions): Promise<Installation> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('chaos')).path;
  const temporary = await openFolder(folder);
  const store = stack.use(await databaseServer({ flavour: database }));
  const redis = stack.use(await privateRedis());
  const ports = [await freePort(), await freePort()];
  const front = { host: '127.0.0.1', port: await freePort(), targets: ports };
  const { url } = stack.use(await loadBalancer(front));
  const executor = await executorPlace(path.join(folder, 'executor'));
  const members = [engineMember('database', store), engineMember('redis', redis)];
  const env = {
    TMPDIR: temporary,
    TROUPE_ALLOWED_ADDRESSES: 'localhost',
    TROUPE_DATABASE_URL: store.url,
    TROUPE_REDIS_URL: redis.url,
  };
  const dataDir = path.join(folder, 'data');
  for (const options of processes({ dataDir, ports, url, executor })) {
    const member = stack.use(new TroupeMember({ ...options, env: { ...env, ...options.env }, logs }));
    await member.start();
    members.push(member);
  }
  const owned = stack.move();
  return {
    ...{ kubeconfig: kubeconfigIn(dataDir), members, folder, temporary, executors: [executor] },
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
  executor: ExecutorPlace;
}

/** Troupe's processes, in the order in which they start. */
function processes({ dataDir, ports, url, executor }: Places): Omit<TroupeOptions, 'logs'>[] {
  const connected = ['--kubeconfig', kubeconfigIn(dataDir), '--health-address', 'none'];
  const replicas = ports.map((port, index) => ({
    name: `api-${index}`,
    args: ['api', '--listen', `127.0.0.1:${port}`, '--data-dir', dataDir, '--advertise-url', url],
    env: {},
  }));
  return [
    ...replicas,
    { name: 'controllers', args: ['controllers', ...connected, ...SHORT_LEASE], env: {} },
    {
      name: 'executor-manager',
      args: ['executor-manager', ...connected, '--driver', 'process', '--data-dir', executor.dataDir],
      env: {
        EXECUTOR_NAME: executor.name,
        EXECUTOR_PORT_RANGE_MIN: String(executor.ports.min),
        EXECUTOR_PORT_RANGE_MAX: String(executor.ports.max),
      },
    },
  ];
}

function engineMember(name: string, server: Restartable & AsyncDisposable): Member {
  return {
    name,
    kill: () => server.kill(),
    start: () => server.start(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const PORTS = 50;

async function executorPlace(dataDir: string): Promise<ExecutorPlace> {
  // Somewhere above the ports of tests, and below those that systems give away.
  const min = 20_000 + ((await freePort()) % 100) * 100;
  return { name: 'chaos', dataDir, ports: { min, max: min + PORTS - 1 } };
}
