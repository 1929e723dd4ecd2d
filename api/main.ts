import { compileApiOptions } from './api-options.ts';
import type { ApiOptions, CompiledApiOptions } from './api-options.ts';
import { createAuthentication, createAuthorization } from './identity.ts';
import { makeDataFolder } from './data-folder/data-folder.ts';
import { createEncryptionKeys } from './registry/encryption-keys.ts';
import type { Authorizer } from './machinery/authorizer.ts';
import { VERSION } from './machinery/version.ts';
import { createInitialNamespaces } from './registry/initial-namespaces.ts';
import { applyPublicShells } from './registry/public-shells.ts';
import { createCatalog } from './registry/catalog.ts';
import { startCustomResources } from './registry/custom-resources/custom-resources.ts';
import { createDeletedTasks } from './registry/tasks/deleted-tasks.ts';
import { createRegistry } from './registry/registry.ts';
import type { Registry } from './registry/registry.ts';
import { startRetention } from './registry/retention/retention.ts';
import { createSkillPackages } from './registry/skills/skill-packages.ts';
import { createSandboxLogs } from './registry/tasks/sandbox-log.ts';
import { createTaskLogs } from './registry/tasks/task-log.ts';
import { rootKeyFile } from './data-folder/root-key-file.ts';
import { createApp } from './server/app.ts';
import type { AppOptions } from './server/app.ts';
import { createAccess } from './server/access/access.ts';
import { loadToken } from './data-folder/bootstrap-token.ts';
import { startCertificateRenewal } from './data-folder/certificates/certificate-renewal.ts';
import { loadCertificates } from './data-folder/certificates/certificates.ts';
import type { ServerCertificates } from './data-folder/certificates/certificates.ts';
import { writeKubeconfig } from './data-folder/kubeconfig.ts';
import { listen } from './server/listen.ts';
import { createRateLimiter } from './server/limits/rates/rate-limiter.ts';
import type { RateLimiter } from './server/limits/rates/rate-limiter.ts';
import type { Listening } from './server/listen.ts';
import { openStore } from './storage/open-store.ts';
import type { Store } from './storage/contract/store.ts';

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

/**
 * Starts the API server; resolves once it answers.
 * @throws StorageError when the database cannot be used, Error of Node when the address cannot
 */
export async function startApi(given: ApiOptions): Promise<RunningApi> {
  const options = compileApiOptions(given);
  await makeDataFolder(options.dataDir);
  const token = await loadToken(options.tokenFile);
  // Everything that was started stops, last first, when something after it fails: nobody could stop it then.
  await using started = new AsyncDisposableStack();
  const store = started.adopt(await openDatabase(options), (opened) => opened.close());
  const address = await serve({ ...options, store, token }, started);
  const access = { ...address, token };
  for (const file of options.kubeconfigs) {
    await writeKubeconfig(file, { ...access, url: options.advertiseURL ?? address.url });
  }
  const running = started.move();
  const [kubeconfigPath] = options.kubeconfigs;
  return { ...access, kubeconfigPath, stopped: store.stopped, close: () => running.disposeAsync() };
}

function openDatabase(options: CompiledApiOptions): Promise<Store> {
  const { database, encryptedResources, rootKeys, compaction, logger, clock, metrics } = options;
  return openStore({
    ...database,
    encryption: { resources: encryptedResources, rootKeys: rootKeyFile(rootKeys) },
    options: { compaction },
    meter: metrics.meter,
    logger,
    clock,
  });
}

interface Serving extends CompiledApiOptions {
  store: Store;
  token: string;
}

/** Serves what is stored, and keeps it in order; whatever it starts is added to `started`. */
async function serve(
  options: Serving,
  started: AsyncDisposableStack,
): Promise<{ url: string; caCertificate: string }> {
  const { store, clock, logger, limits, retention } = options;
  const catalog = createCatalog(options.definitions);
  const authorizer = createAuthorization();
  const registry = createRegistry({ catalog, store, clock, authorizer });
  await createInitialNamespaces(registry);
  await applyPublicShells(registry, logger);
  const load = (now: number): Promise<ServerCertificates> =>
    loadCertificates({ ...options.certificates, now });
  const certificates = await load(clock.now());
  const closing = new AbortController();
  const { rates, database } = options;
  const rateLimiter = started.use(createRateLimiter({ rates, redisURL: database.redisURL }));
  const parts = { registry, authorizer, rateLimiter, closing: closing.signal };
  const app = createApp(appOptions(options, parts));
  started.adopt(await startCustomResources({ registry, catalog, store, clock, logger }), (one) => one.stop());
  const listening = await listen({ app, ...options.listen, ...certificates, clock, limits });
  started.defer(() => listening.close());
  const renewal = startCertificateRenewal({ load, use: listening.useCertificate, clock, logger });
  started.defer(() => renewal.stop());
  const sweeping = startRetention({ store, registry, clock, logger, rules: retention });
  started.defer(() => sweeping.stop());
  // The first thing of a stop: streams end, and whoever follows them goes elsewhere.
  started.defer(() => closing.abort());
  return { url: serverUrl(options.listen.host, listening), caCertificate: certificates.caCertificate };
}

interface AppParts {
  registry: Registry;
  rateLimiter: RateLimiter;
  authorizer: Authorizer;
  closing: AbortSignal;
}

function appOptions(options: Serving, parts: AppParts): AppOptions {
  const { registry, authorizer, closing, rateLimiter } = parts;
  const { store, token, clock, logger, limits, retention, browsers, addresses } = options;
  const { meter, ...exposition } = options.metrics;
  return {
    ...{ registry, meter, exposition, clock, logger, closing, limits, browsers, addresses, rateLimiter },
    taskLogs: createTaskLogs({ registry, store, clock }),
    sandboxLogs: createSandboxLogs({ store, clock }),
    skillPackages: createSkillPackages({ registry, clock }),
    deletedTasks: createDeletedTasks({ store, clock, keepMs: retention.deletedTasks }),
    access: createAccess({ authenticator: createAuthentication({ token, meter }), authorizer }),
    health: {
      checkStore: () => store.check(),
      storeHealth: () => store.health(),
      version: VERSION,
    },
    backups: { read: (signal) => store.backup(signal) },
    encryption: createEncryptionKeys({ store }),
  };
}

/** An address that a client on this machine can use. */
function serverUrl(host: string, { port }: Listening): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `https://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
