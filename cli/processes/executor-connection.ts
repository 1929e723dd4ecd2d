import { join } from 'node:path';
import type { Connection, ConnectOptions } from '#api/client/connect';
import type { AccountToken } from '#api/client/own-token';
import { systemClock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { EXECUTOR_NAMESPACE } from '#api/machinery/users/process-account';
import { executorFolder } from '#executor-manager/config';
import type { ExecutorManagerConfig } from '#executor-manager/config';
import { CliError } from '../error-text.ts';
import type { Lifetime } from './lifetime.ts';

/**
 * The token of an executor's own account, where the kubeconfig holds one (`troupe executor join`); its name is that of
 * the Executor. Undefined for other credentials.
 * @throws CliError when the environment names another Executor
 */
export async function joinedToken(
  connection: ConnectOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<AccountToken | undefined> {
  const { configuredToken } = await import('#api/client/connect');
  const token = await configuredToken(connection);
  if (token?.namespace !== EXECUTOR_NAMESPACE) return undefined;
  const asked = (environment['EXECUTOR_NAME'] ?? '').trim();
  if (asked === '' || asked === token.name) return token;
  throw new CliError(`the kubeconfig is that of the executor ${token.name}, not of EXECUTOR_NAME=${asked}`);
}

export interface ExecutorConnectionOptions extends ConnectOptions {
  config: ExecutorManagerConfig;
  /** As joinedToken. */
  token: AccountToken | undefined;
  logger: Logger;
}

/**
 * The connection of an executor manager. A token of its own is kept beside its data and renewed there, so that the
 * kubeconfig may stay as it came.
 */
export async function connectExecutor(
  { config, token, logger, ...options }: ExecutorConnectionOptions,
  lifetime: Lifetime,
): Promise<Connection> {
  const { connect } = await import('#api/client/connect');
  const { keepNewest, startTokenRenewal } = await import('#api/client/own-token');
  const file = join(executorFolder(config), 'token');
  const newest = token && (await keepNewest(file, token));
  const connection = await connect({ ...options, ...(newest && { tokenFile: file }) });
  lifetime.add({ name: 'executor manager connection', stop: () => connection.close() });
  if (newest !== undefined) {
    const { transport } = connection;
    const renewal = startTokenRenewal(newest, { transport, file, clock: systemClock, logger });
    lifetime.add({ name: 'token renewal', stop: () => renewal.stop() });
  }
  return connection;
}
