import type { Command } from 'commander';
import type { PrometheusMeter } from '#api/metrics/prometheus-meter';
import type { RunningApi } from '#api/main';
import { CONTROLLERS_ACCOUNT, executorAccount } from '#api/machinery/users/process-account';
import { accountsOf } from './flags/account-flags.ts';
import { hostOf } from './advertise.ts';
import type { AdvertiseFlags } from './advertise.ts';
import { auditOf } from './flags/audit-flags.ts';
import { addExecutorFlags, executorSettings } from './flags/executor-flags.ts';
import type { ExecutorFlags } from './flags/executor-flags.ts';
import { addExecutorGraceFlag } from './flags/executor-grace-flag.ts';
import type { ExecutorGraceFlag } from './flags/executor-grace-flag.ts';
import { addApiFlags, limitsOf } from './flags/flags.ts';
import type { ApiFlags } from './flags/flags.ts';
import { addLeaderElectionFlags, leaderElectionOf } from './flags/leader-election-flags.ts';
import type { LeaderElectionFlags } from './flags/leader-election-flags.ts';
import { authenticationOf } from './flags/authentication-flags.ts';
import { edgeOf } from './flags/edge-flags.ts';
import { keyMaterialOf } from './flags/key-material-flags.ts';
import type { Lifetime } from './lifetime.ts';
import { runObserved } from './observed-process.ts';
import type { Telling } from './observed-process.ts';
import { runControllers, runExecutorManager } from './parts.ts';
import { historyOf, retentionOf } from './flags/retention-flags.ts';
import { serviceAccountsOf } from './flags/service-account-flags.ts';
import { explainStartError } from './start-error.ts';

interface ServerFlags extends ApiFlags, LeaderElectionFlags, ExecutorFlags, ExecutorGraceFlag {}

/** `troupe server`: API, controllers and one executor manager in one process. */
export function registerServer(program: Command): void {
  const command = program.command('server').description('run everything in one process');
  addApiFlags(command);
  addExecutorGraceFlag(addLeaderElectionFlags(addExecutorFlags(command)));
  command.action(async (flags: ServerFlags) => {
    process.exitCode = await runObserved({ ...flags, service: 'troupe-server' }, (telling, lifetime) =>
      startServer(flags, telling, lifetime),
    );
  });
}

/**
 * Who a server on SQLite is in the Lease. Its lock on the file lets no other one have the same database, so the
 * holder of that name has died, and need not be waited for.
 */
const ALONE = 'troupe-server';

async function startServer(flags: ServerFlags, telling: Telling, lifetime: Lifetime): Promise<void> {
  // One process has one set of figures, which its API shows.
  const { createPrometheusMeter } = await import('#api/metrics/prometheus-meter');
  const metrics = createPrometheusMeter();
  const { readApiConfig } = await import('#api/config');
  const { databaseURL = 'sqlite:' } = readApiConfig(process.env);
  const leaderElection = leaderElectionOf(flags, databaseURL.startsWith('sqlite:') ? ALONE : undefined);
  const api = await runApi({ ...flags, metrics }, telling, lifetime);
  // The kubeconfig may name a load balancer, or another server that shares the folder.
  const connection = { kubeconfig: api.kubeconfigPath, server: api.url, meter: metrics.meter, ...telling };
  const controllers = await api.identities.kubeconfigOf(CONTROLLERS_ACCOUNT);
  const { dataDir, executorGracePeriod } = flags;
  await runControllers(
    { ...connection, kubeconfig: controllers, leaderElection, executorGracePeriod },
    lifetime,
  );
  const kubeconfigOf = (name: string): Promise<string> => api.identities.kubeconfigOf(executorAccount(name));
  const settings = executorSettings(flags);
  await runExecutorManager({ ...connection, settings, dataDir, kubeconfigOf }, lifetime);
  process.stdout.write(
    `troupe server ready at ${api.url}, kubeconfig ${flags.writeKubeconfig ?? api.kubeconfigPath}\n`,
  );
}

/** `troupe api`: the API server alone. */
export function registerApi(program: Command): void {
  const command = program.command('api').description('run the API server');
  addApiFlags(command).action(async (flags: ApiFlags) => {
    process.exitCode = await runObserved({ ...flags, service: 'troupe-api' }, async (telling, lifetime) => {
      const api = await runApi(flags, telling, lifetime);
      // For controllers on this machine: the owner's token can do more than they need.
      await api.identities.kubeconfigOf(CONTROLLERS_ACCOUNT);
      process.stdout.write(
        `troupe api ready at ${api.url}, kubeconfig ${flags.writeKubeconfig ?? api.kubeconfigPath}\n`,
      );
    });
  });
}

async function runApi(
  flags: ApiFlags & { metrics?: PrometheusMeter },
  { logger, tracer }: Telling,
  lifetime: Lifetime,
): Promise<RunningApi> {
  // Loaded here, not above: `troupe get` must not pay for the server's modules.
  const { startApi } = await import('#api/main');
  const { readApiConfig } = await import('#api/config');
  const api = await startApi({
    ...readApiConfig(process.env),
    listen: flags.listen,
    dataDir: flags.dataDir,
    limits: limitsOf(flags),
    ...edgeOf(flags),
    authentication: authenticationOf(flags),
    ...audited(flags),
    history: historyOf(flags),
    ...accountsOf(flags),
    serviceAccounts: serviceAccountsOf(flags),
    ...keyMaterialOf(flags),
    retention: retentionOf(flags),
    ...advertised(flags),
    ...(flags.metrics === undefined ? {} : { metrics: flags.metrics }),
    ...(flags.encrypt === undefined ? {} : { encrypt: flags.encrypt }),
    ...(flags.writeKubeconfig === undefined ? {} : { writeKubeconfig: flags.writeKubeconfig }),
    tracer,
    logger: logger.with({ component: 'api' }),
  }).catch((error: unknown) => {
    throw explainStartError(error, flags);
  });
  lifetime.add({ name: 'api', stop: () => api.close() });
  lifetime.endWith(api.stopped);
  return api;
}

function audited(flags: ApiFlags) {
  const audit = auditOf(flags);
  return audit === undefined ? {} : { audit };
}

function advertised({ advertiseUrl, tlsSan = [] }: AdvertiseFlags) {
  if (advertiseUrl === undefined) return { tlsNames: tlsSan };
  return { advertiseURL: advertiseUrl, tlsNames: [hostOf(advertiseUrl), ...tlsSan] };
}
