import type { Command } from 'commander';
import type { Logger } from '#api/machinery/logger';
import { createLogger } from '../logger.ts';
import { hostOf } from './advertise.ts';
import type { AdvertiseFlags } from './advertise.ts';
import { addApiFlags, addDriverFlag, limitsOf } from './flags.ts';
import type { ApiFlags } from './flags.ts';
import { runUntilSignal } from './lifetime.ts';
import type { Lifetime } from './lifetime.ts';
import { runControllers, runExecutorManager } from './parts.ts';
import { historyOf, retentionOf } from './retention-flags.ts';
import { explainStartError } from './start-error.ts';

interface ServerFlags extends ApiFlags {
  driver: 'auto' | 'docker' | 'process';
}

/** `troupe server`: API, controllers and one executor manager in one process. */
export function registerServer(program: Command): void {
  const command = program.command('server').description('run everything in one process');
  addDriverFlag(addApiFlags(command)).action(async (flags: ServerFlags) => {
    const logger = createLogger(flags.logLevel);
    process.exitCode = await runUntilSignal(logger, (lifetime) => startServer(flags, logger, lifetime));
  });
}

async function startServer(flags: ServerFlags, logger: Logger, lifetime: Lifetime): Promise<void> {
  const api = await runApi(flags, logger, lifetime);
  // The kubeconfig may name a load balancer, or another server that shares the folder.
  const connection = { kubeconfig: api.kubeconfigPath, server: api.url, logger };
  await runControllers(connection, lifetime);
  await runExecutorManager({ ...connection, driver: flags.driver, dataDir: flags.dataDir }, lifetime);
  process.stdout.write(
    `troupe server ready at ${api.url}, kubeconfig ${flags.writeKubeconfig ?? api.kubeconfigPath}\n`,
  );
}

/** `troupe api`: the API server alone. */
export function registerApi(program: Command): void {
  const command = program.command('api').description('run the API server');
  addApiFlags(command).action(async (flags: ApiFlags) => {
    const logger = createLogger(flags.logLevel);
    process.exitCode = await runUntilSignal(logger, async (lifetime) => {
      const api = await runApi(flags, logger, lifetime);
      process.stdout.write(
        `troupe api ready at ${api.url}, kubeconfig ${flags.writeKubeconfig ?? api.kubeconfigPath}\n`,
      );
    });
  });
}

async function runApi(
  flags: ApiFlags,
  logger: Logger,
  lifetime: Lifetime,
): Promise<{ url: string; kubeconfigPath: string }> {
  // Loaded here, not above: `troupe get` must not pay for the server's modules.
  const { startApi } = await import('#api/main');
  const { readApiConfig } = await import('#api/config');
  const api = await startApi({
    ...readApiConfig(process.env),
    listen: flags.listen,
    dataDir: flags.dataDir,
    limits: limitsOf(flags),
    history: historyOf(flags),
    retention: retentionOf(flags),
    ...advertised(flags),
    ...(flags.encrypt === undefined ? {} : { encrypt: flags.encrypt }),
    ...(flags.writeKubeconfig === undefined ? {} : { writeKubeconfig: flags.writeKubeconfig }),
    logger: logger.with({ component: 'api' }),
  }).catch((error: unknown) => {
    throw explainStartError(error, flags);
  });
  lifetime.add({ name: 'api', stop: () => api.close() });
  lifetime.endWith(api.stopped);
  return api;
}

function advertised({ advertiseUrl, tlsSan = [] }: AdvertiseFlags) {
  if (advertiseUrl === undefined) return { tlsNames: tlsSan };
  return { advertiseURL: advertiseUrl, tlsNames: [hostOf(advertiseUrl), ...tlsSan] };
}
