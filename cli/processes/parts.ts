import type { Logger } from '#api/machinery/logger';
import type { Lifetime } from './lifetime.ts';

interface Connection {
  kubeconfig?: string;
  context?: string;
  /** Instead of the address that the kubeconfig names. */
  server?: string;
  logger: Logger;
}

/** Each part has a connection of its own, so that stopping one never cuts another's requests. */
async function connectPart(connection: Connection, lifetime: Lifetime, name: string) {
  const { connect } = await import('#api/client/connect');
  const connected = await connect({
    ...(connection.kubeconfig === undefined ? {} : { kubeconfig: connection.kubeconfig }),
    ...(connection.context === undefined ? {} : { context: connection.context }),
    ...(connection.server === undefined ? {} : { server: connection.server }),
  });
  lifetime.add({ name: `${name} connection`, stop: () => connected.close() });
  return connected;
}

export async function runControllers(connection: Connection, lifetime: Lifetime): Promise<void> {
  const { client, caCertificate } = await connectPart(connection, lifetime, 'controllers');
  const { startControllers } = await import('#controllers/main');
  const controllers = await startControllers({
    client,
    ...(caCertificate === undefined ? {} : { caCertificate }),
    logger: connection.logger.with({ component: 'controllers' }),
    signal: lifetime.signal,
  });
  lifetime.add({ name: 'controllers', stop: () => controllers.stop() });
}

export interface ExecutorManagerOptions extends Connection {
  driver: 'auto' | 'docker' | 'process';
  dataDir: string;
}

export async function runExecutorManager(options: ExecutorManagerOptions, lifetime: Lifetime): Promise<void> {
  const { readExecutorManagerConfig } = await import('#executor-manager/config');
  // A wrong setting must be told before anything starts.
  const config = readExecutorManagerConfig(process.env, { driver: options.driver, dataDir: options.dataDir });
  const { client, taskLog } = await connectPart(options, lifetime, 'executor manager');
  const { startExecutorManager } = await import('#executor-manager/main');
  const manager = await startExecutorManager({
    client,
    taskLog,
    config,
    logger: options.logger.with({ component: 'executor-manager' }),
  });
  lifetime.add({ name: 'executor manager', stop: () => manager.stop() });
}
