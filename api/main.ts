import path from 'node:path';
import { checkHistory } from './config.ts';
import type { ApiHistory, ApiRetention } from './config.ts';
import { makeDataFolder } from './data-folder/data-folder.ts';
import { encryptedKinds } from './registry/encrypted-kinds.ts';
import { createEncryptionKeys } from './registry/encryption-keys.ts';
import { createUnionAuthorizer } from './machinery/authorizer.ts';
import type { Authorizer } from './machinery/authorizer.ts';
import { systemClock } from './machinery/clock.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';
import { createPrometheusMeter } from './metrics/prometheus-meter.ts';
import type { PrometheusMeter } from './metrics/prometheus-meter.ts';
import { VERSION } from './machinery/version.ts';
import { AUTHENTICATED_GROUP, MASTERS_GROUP } from './machinery/user.ts';
import type { User } from './machinery/user.ts';
import { createInitialNamespaces } from './registry/initial-namespaces.ts';
import { createCatalog } from './registry/catalog.ts';
import { startCustomResources } from './registry/custom-resources/custom-resources.ts';
import { createDeletedTasks } from './registry/tasks/deleted-tasks.ts';
import { createRegistry } from './registry/registry.ts';
import { startRetention } from './registry/retention/retention.ts';
import { DEFAULT_RETENTION } from './registry/retention/rules.ts';
import type { RetentionRules } from './registry/retention/rules.ts';
import { createTaskLogs } from './registry/tasks/task-log.ts';
import { loadDefinitions } from './schema/load-crds.ts';
import type { ResourceDefinition } from './schema/resource-definition.ts';
import { rootKeyFile } from './data-folder/root-key-file.ts';
import { createApp } from './server/app.ts';
import { createAccess } from './server/access/access.ts';
import type { Access } from './server/access/access.ts';
import { createUnionAuthenticator } from './server/access/authenticator.ts';
import { everybodyMaySeeHealth, mastersMayDoEverything } from './server/access/authorizers.ts';
import {
  createBearerAuthenticator,
  createWebSocketProtocolAuthenticator,
} from './server/access/bearer-token.ts';
import { createStaticToken } from './server/access/static-token.ts';
import { loadToken } from './data-folder/bootstrap-token.ts';
import { startCertificateRenewal } from './data-folder/certificates/certificate-renewal.ts';
import { loadCertificates } from './data-folder/certificates/certificates.ts';
import type { ServerCertificates } from './data-folder/certificates/certificates.ts';
import { writeKubeconfig } from './data-folder/kubeconfig.ts';
import { listen } from './server/listen.ts';
import type { Listening } from './server/listen.ts';
import { withDefaults } from './server/limits/limits.ts';
import type { ServerLimits } from './server/limits/limits.ts';
import { openStore } from './storage/open-store.ts';
import type { Store } from './storage/contract/store.ts';

export interface ApiOptions {
  /** Port 0 takes a free one. */
  listen: { host: string; port: number };
  /** Holds the database, the certificates, the token and the kubeconfig. */
  dataDir: string;
  /** `sqlite:PATH` or `mysql://…`; default `sqlite:<dataDir>/troupe.db`. */
  databaseURL?: string;
  /** Connections to a MySQL database at most. */
  databaseConnections?: number;
  redisURL?: string;
  /** Kinds whose objects the database gets encrypted: plural names; default Secrets, Models and Ghosts. */
  encrypt?: readonly string[];
  /** Default: a file in the data folder, made when it is missing. */
  rootKeyFile?: string;
  /** `https://HOST[:PORT]` under which clients reach the service; default: this server's own address. */
  advertiseURL?: string;
  /** More names and addresses of the server's certificate. */
  tlsNames?: readonly string[];
  /** Also writes the kubeconfig to this file. */
  writeKubeconfig?: string;
  logger: Logger;
  clock?: Clock;
  /** Of the process; default: one of this server's own. */
  metrics?: PrometheusMeter;
  /** Where they differ from the defaults. */
  limits?: Partial<ServerLimits>;
  history?: ApiHistory;
  retention?: ApiRetention;
  /** More kinds than those of crds/; for tests. */
  extraDefinitions?: readonly ResourceDefinition[];
}

export interface RunningApi {
  /** Of this server itself, for clients on this machine. */
  url: string;
  /** PEM. */
  caCertificate: string;
  token: string;
  kubeconfigPath: string;
  /** As Store.stopped: the process is to end. */
  stopped: Promise<Error>;
  close(): Promise<void>;
}

/** Whoever holds the token of the data folder owns the server. */
const OWNER: User = { name: 'troupe-admin', groups: [MASTERS_GROUP, AUTHENTICATED_GROUP] };

/**
 * Starts the API server; resolves once it answers.
 * @throws StorageError when the database cannot be used, Error of Node when the address cannot
 */
export async function startApi(options: ApiOptions): Promise<RunningApi> {
  const clock = options.clock ?? systemClock;
  const { dataDir, logger, history = {} } = options;
  checkHistory(history);
  const rules = { ...DEFAULT_RETENTION, ...options.retention };
  const metrics = options.metrics ?? createPrometheusMeter();
  await makeDataFolder(dataDir);
  const token = await loadToken(path.join(dataDir, 'token'));
  const definitions = [...loadDefinitions(), ...(options.extraDefinitions ?? [])];
  const store = await openStore({
    url: options.databaseURL ?? `sqlite:${path.join(dataDir, 'troupe.db')}`,
    ...(options.databaseConnections === undefined ? {} : { connections: options.databaseConnections }),
    ...(options.redisURL === undefined ? {} : { redisURL: options.redisURL }),
    encryption: {
      resources: encryptedKinds(options.encrypt, definitions),
      rootKeys: rootKeyFile({
        file: options.rootKeyFile ?? path.join(dataDir, 'encryption-keys'),
        mayMake: options.rootKeyFile === undefined,
      }),
    },
    logger,
    clock,
    meter: metrics.meter,
    // Events go by the revisions of marks.
    options: { compaction: { ...history, rememberMs: rules.events ?? 0 } },
  });
  let closeServed = (): Promise<void> => Promise.resolve();
  try {
    const served = await serve({ ...options, metrics, clock, store, token, definitions, rules });
    closeServed = () => served.close();
    const kubeconfigPath = path.join(dataDir, 'kubeconfig');
    const access = { url: served.url, caCertificate: served.caCertificate, token };
    const advertised = { ...access, url: options.advertiseURL ?? served.url };
    for (const file of new Set([kubeconfigPath, options.writeKubeconfig ?? kubeconfigPath])) {
      await writeKubeconfig(file, advertised);
    }
    const close = async (): Promise<void> => {
      await served.close();
      await store.close();
    };
    return { ...access, kubeconfigPath, stopped: store.stopped, close };
  } catch (error) {
    // A kubeconfig that cannot be written must not leave a server behind that nobody can stop.
    await closeServed();
    await store.close();
    throw error;
  }
}

interface Serving extends ApiOptions {
  metrics: PrometheusMeter;
  clock: Clock;
  store: Store;
  token: string;
  definitions: readonly ResourceDefinition[];
  rules: RetentionRules;
}

async function serve(
  options: Serving,
): Promise<{ url: string; caCertificate: string; close(): Promise<void> }> {
  const { clock, logger, store, rules } = options;
  const { host, port } = options.listen;
  const catalog = createCatalog(options.definitions);
  const authorizer = createUnionAuthorizer([mastersMayDoEverything, everybodyMaySeeHealth]);
  const registry = createRegistry({ catalog, store, clock, authorizer });
  await createInitialNamespaces(registry);
  const pki = { folder: path.join(options.dataDir, 'pki'), listenHost: host, names: options.tlsNames ?? [] };
  const load = (now: number): Promise<ServerCertificates> => loadCertificates({ ...pki, now });
  const certificates = await load(clock.now());
  const closing = new AbortController();
  const limits = withDefaults(options.limits);
  const { meter, ...exposition } = options.metrics;
  const app = createApp({
    registry,
    meter,
    exposition,
    taskLogs: createTaskLogs({ registry, store, clock }),
    deletedTasks: createDeletedTasks({ store, clock, keepMs: rules.deletedTasks }),
    access: accessBy(options.token, authorizer),
    health: {
      checkStore: () => store.check(),
      storeHealth: () => store.health(),
      version: VERSION,
    },
    backups: { read: (signal) => store.backup(signal) },
    encryption: createEncryptionKeys({ store }),
    clock,
    logger,
    closing: closing.signal,
    limits,
  });
  const customResources = await startCustomResources({ registry, catalog, store, clock, logger });
  const listening = await listen({ app, host, port, ...certificates, clock, limits }).catch(
    async (error: unknown) => {
      await customResources.stop();
      throw error;
    },
  );
  const renewal = startCertificateRenewal({ load, use: listening.useCertificate, clock, logger });
  const retention = startRetention({ store, registry, clock, logger, rules });
  return {
    url: serverUrl(host, listening),
    caCertificate: certificates.caCertificate,
    async close() {
      closing.abort();
      await renewal.stop();
      await listening.close();
      await retention.stop();
      await customResources.stop();
    },
  };
}

/** The token of the data folder, in a header or, for browsers, in a subprotocol of a WebSocket. */
function accessBy(token: string, authorizer: Authorizer): Access {
  const tokens = createStaticToken({ token, user: OWNER });
  const authenticator = createUnionAuthenticator([
    createBearerAuthenticator(tokens),
    createWebSocketProtocolAuthenticator(tokens),
  ]);
  return createAccess({ authenticator, authorizer });
}

/** An address that a client on this machine can use. */
function serverUrl(host: string, { port }: Listening): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `https://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
