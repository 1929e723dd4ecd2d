import { hostAndPort } from './machinery/host-port.ts';
import { compileApiOptions } from './api-options.ts';
import { openAuditor } from './audit-options.ts';
import type { Auditor } from './audit/auditor.ts';
import type { ApiOptions, CompiledApiOptions } from './api-options.ts';
import { createTokenIssuer } from './authentication/service-account/token-issuer.ts';
import type { ServerTokens } from './authentication/tokens.ts';
import { createAuthentication, createAuthorization, createTokens } from './identity.ts';
import { makeDataFolder } from './data-folder/data-folder.ts';
import { loadSigningKeys } from './data-folder/signing-keys/signing-keys.ts';
import type { KeysOfFile } from './data-folder/signing-keys/signing-keys.ts';
import { createEncryptionKeys } from './registry/encryption-keys.ts';
import type { Authorizer } from './machinery/users/authorizer.ts';
import { describeError } from './machinery/logger.ts';
import { VERSION } from './machinery/version.ts';
import { startAccessRules } from './registry/access-rules/access-rules.ts';
import type { AccessRules } from './registry/access-rules/access-rules.ts';
import { BOOTSTRAP_POLICY } from './registry/bootstrap-policy/bootstrap-policy.ts';
import { reconcilePolicy } from './registry/bootstrap-policy/reconcile-policy.ts';
import { publishAuthenticationTrust } from './registry/authentication-trust/authentication-trust.ts';
import { createInitialNamespaces } from './registry/initial-namespaces.ts';
import { applyPublicShells } from './registry/public-shells.ts';
import { createCatalog } from './registry/catalog.ts';
import type { Catalog } from './registry/catalog.ts';
import { startCustomResources } from './registry/custom-resources/custom-resources.ts';
import { createDeletedTasks } from './registry/tasks/deleted-tasks.ts';
import { createRegistry } from './registry/registry.ts';
import type { Registry } from './registry/registry.ts';
import { startQuotas } from './registry/quotas/followed-quotas.ts';
import { startRetention } from './registry/retention/retention.ts';
import { taskTrace } from './registry/admission/task-trace.ts';
import { countExecutors } from './registry/executors/executor-counts.ts';
import { createExecutorJoins } from './registry/executors/join-executor.ts';
import { startStoredObjects } from './registry/executors/stored-objects.ts';
import { createLivingObjects } from './registry/service-accounts/living-objects.ts';
import { createTokenRequests } from './registry/service-accounts/token-request.ts';
import { createSkillPackages } from './registry/skills/skill-packages.ts';
import { createSandboxLogs } from './registry/tasks/sandbox-log.ts';
import { createApprovalMails } from './registry/approvals/approval-mails.ts';
import { createApprovalLinks } from './registry/approvals/approval-links.ts';
import type { ApprovalLinks } from './registry/approvals/approval-links.ts';
import { createTaskWebhooks } from './registry/tasks/task-webhooks.ts';
import type { TaskWebhooks } from './registry/tasks/task-webhooks.ts';
import { createTaskLogs } from './registry/tasks/task-log.ts';
import { rootKeyFile } from './data-folder/root-key-file.ts';
import { startProviders } from './providers.ts';
import type { Providers, ProvidersOptions } from './providers.ts';
import { createApp } from './server/app.ts';
import type { AppOptions } from './server/app.ts';
import { ExecutorTunnels } from './server/streams/executor-tunnels.ts';
import { OpenStreams } from './server/access/open-streams.ts';
import { createAccess } from './server/access/access.ts';
import { loadToken, readToken } from './data-folder/bootstrap-token.ts';
import { readMountedAuthority } from './data-folder/certificates/mounted-authority.ts';
import { identitySecret } from './data-folder/certificates/certificates.ts';
import { authoritiesOf, clientAddress, loadServedCertificates } from './served-certificates.ts';
import type { ServerAddress } from './served-certificates.ts';
import { startIssuedTokens } from './issued-tokens.ts';
import type { ProcessIdentities } from './process-identities.ts';
import { writeKubeconfig } from './data-folder/kubeconfig.ts';
import { listen } from './server/listen.ts';
import { createRateLimiter } from './server/limits/rates/rate-limiter.ts';
import type { RateLimiter } from './server/limits/rates/rate-limiter.ts';
import type { Listening } from './server/listen.ts';
import { connectCounting } from './shared-counts/counting-redis.ts';
import type { CountingRedis } from './shared-counts/counting-redis.ts';
import { newestSchema } from './storage/migration-journal.ts';
import { openStore } from './storage/open-store.ts';
import { createAccounts } from './users/accounts.ts';
import type { Accounts, AccountsOptions } from './users/accounts.ts';
import type { Store } from './storage/contract/store.ts';

export interface RunningApi {
  /** Of this server itself, for clients on this machine. */
  url: string;
  /** PEM. */
  caCertificate: string;
  token: string;
  kubeconfigPath: string;
  /** Identities of processes on this machine. */
  identities: ProcessIdentities;
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
  const token = await ownerToken(options);
  // Everything that was started stops, last first, when something after it fails: nobody could stop it then.
  await using started = new AsyncDisposableStack();
  const store = started.adopt(await openDatabase(options), (opened) => opened.close());
  const { forClients, ...serving } = await serve({ ...options, store, token }, started);
  for (const file of options.kubeconfigs) await writeKubeconfig(file, { ...forClients, user: { token } });
  const running = started.move();
  const [kubeconfigPath] = options.kubeconfigs;
  return {
    ...serving,
    token,
    kubeconfigPath,
    stopped: store.stopped,
    close: () => running.disposeAsync(),
  };
}

/** Wrong files are told before anything is done to the database. */
async function ownerToken({ keyMaterial, clock }: CompiledApiOptions): Promise<string> {
  const { authority, token } = keyMaterial;
  if (authority !== undefined) await readMountedAuthority(authority, clock.now());
  return token.mayMake ? loadToken(token.file) : readToken(token.file);
}

function openDatabase(options: CompiledApiOptions): Promise<Store> {
  const { database, encryptedResources, rootKeys, compaction, logger, clock, metrics, tracer } = options;
  return openStore({
    ...database,
    encryption: { resources: encryptedResources, rootKeys: rootKeyFile(rootKeys) },
    options: { compaction },
    meter: metrics.meter,
    tracer,
    logger,
    clock,
  });
}

/** Where replicas count rare requests together. */
function connectCounts(
  { database: { redisURL }, logger }: CompiledApiOptions,
  started: AsyncDisposableStack,
): CountingRedis | undefined {
  return redisURL === undefined ? undefined : started.use(connectCounting({ url: redisURL, logger }));
}

interface Serving extends CompiledApiOptions {
  store: Store;
  token: string;
}

/** Serves what is stored, and keeps it in order; whatever it starts is added to `started`. */
async function serve(
  options: Serving,
  started: AsyncDisposableStack,
): Promise<Pick<RunningApi, 'caCertificate' | 'identities' | 'url'> & { forClients: ServerAddress }> {
  const { store, rates, clock, logger, limits, retention, advertiseURL } = options;
  const catalog = createCatalog(options.definitions);
  const redis = connectCounts(options, started);
  const providers = started.use(await startProviders(providersOptions(options)));
  const core = await openRegistry(options, { catalog, providers, redis }, started);
  const { registry, tokens, keys, rules } = core;
  const { named } = options.keyMaterial;
  const served = await loadServedCertificates({ ...options, named }, started);
  const closing = new AbortController();
  const rateLimiter = createRateLimiter({ rates, redis });
  const openStreams = new OpenStreams({ clock, logger, onRightsChanged: (fn) => rules.onChange(fn) });
  started.defer(() => openStreams.stop());
  const auditor = await openAuditor(options.audit, { ...options, meter: options.metrics.meter }, started);
  const authorities = (): string => authoritiesOf(served);
  const serving = { rateLimiter, openStreams, auditor, closing: closing.signal, authorities };
  const answering = appOptions(options, { ...core, ...serving, providers });
  const app = createApp(answering);
  started.adopt(await startCustomResources({ registry, catalog, store, clock, logger }), (one) => one.stop());
  const clientAuthorities = providers.clientAuthorities();
  const listening = await listen({
    ...{ app, ...options.listen, ...served.own, clientAuthorities, clock, limits },
    named: served.named?.current(),
  });
  await publishAuthenticationTrust({ registry, clock }, providers.trust());
  providers.followClientAuthorities((pem) => {
    listening.useClientAuthorities(pem);
    publishAuthenticationTrust({ registry, clock }, providers.trust()).catch((error: unknown) => {
      logger.error('the authorities of clients could not be published', { error: describeError(error) });
    });
  });
  started.defer(() => listening.close());
  served.keepNew(listening);
  const sweeping = startRetention({ store, registry, clock, logger, rules: retention });
  started.defer(() => sweeping.stop());
  const url = serverUrl(options.listen.host, listening);
  const { caCertificate } = served.own;
  const forClients = clientAddress(served, { url, advertiseURL });
  const issued = await startIssuedTokens({
    ...{ store, registry, tokens, keys, clock, logger },
    ...forProcesses(forClients, { url, caCertificate }),
    tokenRequests: answering.tokenRequests,
    maxTokenSeconds: options.serviceAccounts.maxTokenSeconds,
    folder: options.identityFolder,
  });
  started.defer(() => issued.stop());
  // The first thing of a stop: streams end, and whoever follows them goes elsewhere.
  started.defer(() => closing.abort());
  return { url, caCertificate, identities: issued.identities, forClients };
}

/**
 * Processes on this machine may meet the server at its own address, whatever their kubeconfig names. So its own authority
 * must be in there.
 */
function forProcesses(
  { url, caCertificate }: ServerAddress,
  own: Pick<RunningApi, 'caCertificate' | 'url'>,
): Pick<RunningApi, 'caCertificate' | 'url'> {
  return caCertificate === own.caCertificate ? { url, caCertificate } : own;
}

interface RegistryNeeds {
  catalog: Catalog;
  providers: Providers;
  redis: CountingRedis | undefined;
}

interface RegistryParts extends Pick<
  AppParts,
  'accounts' | 'approvalLinks' | 'authorizer' | 'keys' | 'registry' | 'taskWebhooks' | 'tokens'
> {
  rules: AccessRules;
}

/** The registry with all that judges requests for it, and what is always in it. */
async function openRegistry(
  options: Serving,
  { catalog, providers, redis }: RegistryNeeds,
  started: AsyncDisposableStack,
): Promise<RegistryParts> {
  const { store, clock, logger, tracer } = options;
  const keys = await loadSigningKeys({ ...signingKeyOptions(options), clock, logger });
  started.defer(() => keys.stop());
  const { audiences, issuers } = options.serviceAccounts;
  const objects = createLivingObjects(store);
  const serviceAccounts = { keys, issuers, audiences, objects, clock };
  // Accounts are objects of the registry, which in turn reviews their tokens.
  const accounts = await openAccounts({ ...options, redis, registry: () => registry }, started);
  const tokens = createTokens({ token: options.token, serviceAccounts, accounts, ...providers });
  const rules = started.adopt(await startAccessRules({ store, clock, logger }), (one) => one.stop());
  const stored = started.adopt(await startStoredObjects({ store, clock, logger }), (one) => one.stop());
  const authorizer = createAuthorization({ rbac: rules.authorizer, objects: stored });
  const secret = await identitySecret({ ...options.certificates, now: clock.now() });
  const quotas = started.adopt(await startQuotas({ store, clock, logger }), (one) => one.stop());
  const registry = createRegistry({
    ...{ catalog, store, clock, authorizer, tokens, maskSecret: secret },
    ruleResolver: rules,
    admission: {
      mutating: tracer.isOn ? [taskTrace(tracer, clock)] : [],
      validating: [quotas.admission],
    },
  });
  await createInitialNamespaces(registry);
  await reconcilePolicy(registry, BOOTSTRAP_POLICY, logger);
  await applyPublicShells(registry, logger);
  const taskWebhooks = createTaskWebhooks({ registry, secret, clock });
  const approvalLinks = createApprovalLinks({ registry, secret, clock });
  return { registry, authorizer, tokens, keys, accounts, rules, taskWebhooks, approvalLinks };
}

/** People with accounts, with keys of their own for their tokens. */
async function openAccounts(
  options: Serving & Pick<AccountsOptions, 'redis' | 'registry'>,
  started: AsyncDisposableStack,
): Promise<Accounts> {
  const { registry, redis, store, keyMaterial, accounts, clock, logger } = options;
  const keys = await loadSigningKeys({ ...keyMaterial.accountKeys, clock, logger });
  started.defer(() => keys.stop());
  const opened = createAccounts({ registry, redis, store, keys, ...accounts, clock, logger });
  const sweeping = opened.startSweeping();
  started.defer(() => sweeping.stop());
  return opened;
}

function providersOptions(options: CompiledApiOptions): ProvidersOptions {
  const { authentication, serviceAccounts, allowedAddresses, clock, logger, metrics } = options;
  const { issuers: ownIssuers, audiences } = serviceAccounts;
  return {
    ...{ settings: authentication, ownIssuers, audiences, allowedAddresses, clock, logger },
    meter: metrics.meter,
  };
}

/** Keys verify as long as the longest token lives, and a day for clocks that differ. */
function signingKeyOptions({ serviceAccounts: { keys, maxTokenSeconds } }: CompiledApiOptions) {
  return { ...keys, tokenLife: (maxTokenSeconds + 24 * 60 * 60) * 1000 };
}

interface AppParts {
  registry: Registry;
  rateLimiter: RateLimiter;
  openStreams: OpenStreams;
  auditor: Auditor | undefined;
  authorizer: Authorizer;
  tokens: ServerTokens;
  accounts: Accounts;
  taskWebhooks: TaskWebhooks;
  approvalLinks: ApprovalLinks;
  keys: KeysOfFile;
  providers: Providers;
  closing: AbortSignal;
  authorities: () => string;
}

function tokenRequestsOf({ store, clock, serviceAccounts }: Serving, { registry, keys }: AppParts) {
  const { issuers, audiences, maxTokenSeconds } = serviceAccounts;
  return createTokenRequests({
    ...{ registry, store, audiences, clock },
    issuer: createTokenIssuer({ keys, issuer: issuers[0] }),
    maxSeconds: maxTokenSeconds,
  });
}

function approvalMailsOf({ accounts, advertiseURL }: Serving, { registry, approvalLinks }: AppParts) {
  const mails = { registry, links: approvalLinks, mailer: accounts.mailer };
  return createApprovalMails({ ...mails, baseURL: advertiseURL });
}

function appOptions(options: Serving, parts: AppParts): AppOptions {
  const { registry, authorizer, tokens, keys, accounts, closing, providers } = parts;
  const { rateLimiter, openStreams, auditor, taskWebhooks, approvalLinks } = parts;
  const { store, clock, logger, limits, retention, browsers, addresses, tracer } = options;
  const { issuers, keysURL } = options.serviceAccounts;
  const [issuer] = issuers;
  const tokenRequests = tokenRequestsOf(options, parts);
  const { meter, ...exposition } = options.metrics;
  return {
    ...{
      registry,
      meter,
      exposition,
      clock,
      logger,
      closing,
      limits,
      browsers,
      addresses,
      rateLimiter,
      openStreams,
      auditor,
      tracer,
    },
    taskLogs: createTaskLogs({ registry, store, clock }),
    taskWebhooks,
    approvalLinks,
    approvalMails: approvalMailsOf(options, parts),
    sandboxLogs: createSandboxLogs({ store, clock }),
    skillPackages: createSkillPackages({ registry, clock }),
    tokenRequests,
    executorJoins: createExecutorJoins({ registry, tokenRequests, clock }),
    authorities: parts.authorities,
    serviceAccountIssuer: { keys, issuer, keysURL },
    tunnels: new ExecutorTunnels({ clock, isOnly: options.database.url.startsWith('sqlite:') }),
    serviceAccountKeys: keys,
    deletedTasks: createDeletedTasks({ store, clock, keepMs: retention.deletedTasks }),
    accounts,
    access: createAccess({
      authenticator: createAuthentication({
        tokens,
        meter,
        mayComeAnonymously: providers.mayComeAnonymously,
        requestAuthenticators: [...providers.requestAuthenticators, ...accounts.authenticators],
      }),
      authorizer,
    }),
    isIdentityHeader: providers.isIdentityHeader,
    health: {
      checkStore: () => store.check(),
      storeHealth: () => store.health(),
      countExecutors: () => countExecutors(store, clock),
      version: VERSION,
      schema: newestSchema(),
    },
    backups: { read: (signal) => store.backup(signal) },
    encryption: createEncryptionKeys({ store }),
  };
}

/** An address that a client on this machine can use. */
function serverUrl(host: string, { port }: Listening): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `https://${hostAndPort(reachable, port)}`;
}
