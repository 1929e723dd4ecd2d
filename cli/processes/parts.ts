import type { ConnectOptions } from '#api/client/connect';
import type { ProcessHealth } from '#api/machinery/health-check';
import type { Logger } from '#api/machinery/logger';
import type { Meter } from '#api/machinery/meter';
import type { Tracer } from '#api/machinery/tracing/tracer';
import type { LeaderElectionSettings } from '#controllers/main';
import type { ConfigOverrides } from '#executor-manager/config';
import { connectExecutor, joinedToken } from './executor-connection.ts';
import type { JoinFlags } from './joining/join-flags.ts';
import { warnOfOwner } from './owner-warning.ts';
import type { Lifetime } from './lifetime.ts';
import { createTaskLogFinder, servingForm } from './serving-form.ts';

interface Connection {
  kubeconfig?: string;
  context?: string;
  /** Instead of the address that the kubeconfig names. */
  server?: string;
  logger: Logger;
  /** Of the process. */
  meter: Meter;
  tracer: Tracer;
}

function connectOptions({ kubeconfig, context, server, meter, tracer }: Connection): ConnectOptions {
  return {
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
    ...(server === undefined ? {} : { server }),
    meter,
    tracer,
  };
}

/** Each part has a connection of its own, so that stopping one never cuts another's requests. */
async function connectPart(connection: Connection, lifetime: Lifetime, name: string) {
  const { connect } = await import('#api/client/connect');
  const connected = await connect(connectOptions(connection));
  lifetime.add({ name: `${name} connection`, stop: () => connected.close() });
  return connected;
}

const CONTROLLERS_IDENTITY =
  'The server makes one with the rights of the controllers: <data-dir>/identities/kube-system/troupe-controllers/kubeconfig.';
const EXECUTOR_IDENTITY =
  'A kubeconfig with the rights of an executor manager is made by: troupe executor join NAME.';

export interface ControllersOptions extends Connection {
  leaderElection: LeaderElectionSettings | undefined;
  /** Milliseconds. */
  executorGracePeriod: number;
}

export async function runControllers(
  options: ControllersOptions,
  lifetime: Lifetime,
): Promise<ProcessHealth> {
  const { leaderElection, executorGracePeriod, logger, meter, tracer } = options;
  const { readControllersConfig } = await import('#controllers/config');
  const { allowedAddresses, preemption } = readControllersConfig(process.env);
  const { client, caCertificate, transport, server } = await connectPart(options, lifetime, 'controllers');
  const { startControllers } = await import('#controllers/main');
  const { isCluster } = await servingForm({ transport, logger, signal: lifetime.signal });
  const controllers = await startControllers({
    client,
    meter,
    tracer,
    preemption,
    inCluster: isCluster,
    executorGraceMs: executorGracePeriod,
    addresses: { allow: allowedAddresses, controlPlane: [endpointOf(server)] },
    ...(caCertificate === undefined ? {} : { caCertificate }),
    ...(leaderElection === undefined ? {} : { leaderElection }),
    logger: logger.with({ component: 'controllers' }),
    signal: lifetime.signal,
  });
  lifetime.add({ name: 'controllers', stop: () => controllers.stop() });
  lifetime.endWith(controllers.broken);
  await warnOfOwner({ transport, logger, instead: CONTROLLERS_IDENTITY });
  return controllers.health;
}

export function endpointOf(server: string): { host: string; port: number } {
  const { hostname, port } = new URL(server);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 443 : Number(port) };
}

export interface ExecutorManagerOptions extends Connection {
  settings: ConfigOverrides;
  dataDir: string;
  /** How this machine joins a server; absent: it is that of the server. */
  joining?: JoinFlags;
  /** The kubeconfig of an executor, in place of one that is for all processes. */
  kubeconfigOf?: (executorName: string) => Promise<string>;
}

export async function runExecutorManager(
  given: ExecutorManagerOptions,
  lifetime: Lifetime,
): Promise<ProcessHealth> {
  const { readExecutorManagerConfig } = await import('#executor-manager/config');
  const options = await withJoined(given);
  const { settings, dataDir, kubeconfigOf, logger } = options;
  const token =
    kubeconfigOf === undefined ? await joinedToken(connectOptions(options), process.env) : undefined;
  // A wrong setting must be told before anything starts.
  const config = readExecutorManagerConfig(process.env, {
    ...{ ...settings, dataDir },
    ...(token === undefined ? {} : { executorName: token.name }),
  });
  const kubeconfig = await kubeconfigOf?.(config.executorName);
  const { client, taskLog, transport, server } = await connectExecutor(
    {
      ...connectOptions(options),
      ...(kubeconfig === undefined ? {} : { kubeconfig }),
      config,
      token,
      logger,
    },
    lifetime,
  );
  const { startExecutorManager } = await import('#executor-manager/main');
  const manager = await startExecutorManager({
    client,
    taskLog,
    hasTaskLog: createTaskLogFinder(transport),
    tunnelTo: transport,
    config,
    controlPlane: [endpointOf(server)],
    logger: options.logger.with({ component: 'executor-manager' }),
    meter: options.meter,
    tracer: options.tracer,
  });
  lifetime.add({ name: 'executor manager', stop: () => manager.stop() });
  await warnOfOwner({ transport, logger, instead: EXECUTOR_IDENTITY });
  return manager.health;
}

/** A machine that has joined, or does so now, has a kubeconfig of its own. */
async function withJoined(options: ExecutorManagerOptions): Promise<ExecutorManagerOptions> {
  const { joining, dataDir, kubeconfig } = options;
  if (joining === undefined) return options;
  // Wrong settings must not cost a join token.
  const { readExecutorManagerConfig } = await import('#executor-manager/config');
  readExecutorManagerConfig(process.env, { ...options.settings, dataDir });
  const { joinedKubeconfig } = await import('./joining/joined-identity.ts');
  const place = { dataDir, ...(kubeconfig === undefined ? {} : { kubeconfig }) };
  const joined = await joinedKubeconfig({ ...joining, ...place, environment: process.env });
  return joined === undefined ? options : { ...options, kubeconfig: joined };
}
