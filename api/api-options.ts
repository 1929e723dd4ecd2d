import path from 'node:path';
import type { AuditOptions } from './audit-options.ts';
import { checkHistory } from './config.ts';
import type { ApiAuthentication, ApiHistory, ApiRetention } from './config.ts';
import type { RootKeyFile } from './data-folder/root-key-file.ts';
import { compileKeyMaterial } from './key-material.ts';
import type { CompiledKeyMaterial, KeyMaterial } from './key-material.ts';
import { systemClock } from './machinery/clock.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';
import { createPrometheusMeter } from './metrics/prometheus-meter.ts';
import type { PrometheusMeter } from './metrics/prometheus-meter.ts';
import { silentTracer } from './machinery/tracing/tracer.ts';
import type { Tracer } from './machinery/tracing/tracer.ts';
import { encryptedKinds } from './registry/encrypted-kinds.ts';
import { DEFAULT_RETENTION } from './registry/retention/rules.ts';
import type { RetentionRules } from './registry/retention/rules.ts';
import { loadDefinitions } from './schema/load-crds.ts';
import type { ResourceDefinition } from './schema/resource-definition.ts';
import type { BrowserRules } from './server/browsers/browser-guard.ts';
import { createCorsPolicy } from './server/browsers/cors.ts';
import { strictTransportSecurity } from './server/browsers/security-headers.ts';
import { createClientAddresses } from './server/limits/client-address.ts';
import type { ClientAddresses } from './server/limits/client-address.ts';
import type { Mailer } from './users/mailer.ts';
import { createSmtpMailer } from './users/smtp-mailer.ts';
import type { SmtpOptions } from './users/smtp-mailer.ts';
import type { RegistrationMode } from './users/registration/registration.ts';
import { withDefaults } from './server/limits/limits.ts';
import type { ServerLimits } from './server/limits/limits.ts';
import { DEFAULT_RATES } from './server/limits/rates/rates.ts';
import type { Rates } from './server/limits/rates/rates.ts';
import { compileServiceAccountOptions } from './service-account-options.ts';
import type { CompiledServiceAccountOptions, ServiceAccountOptions } from './service-account-options.ts';
import type { CompactionRules } from './storage/compaction/compaction-goal.ts';
import { DEFAULT_STORE_OPTIONS } from './storage/store-options.ts';

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
  keyMaterial?: KeyMaterial;
  /** `https://HOST[:PORT]` under which clients reach the service; default: this server's own address. */
  advertiseURL?: string;
  /** More names and addresses of the server's certificate. */
  tlsNames?: readonly string[];
  authentication?: ApiAuthentication;
  /** Networks, addresses and names that may be called though they are not public. */
  allowedAddresses?: readonly string[];
  /** Also writes the kubeconfig to this file. */
  writeKubeconfig?: string;
  logger: Logger;
  clock?: Clock;
  /** Of the process; default: one of this server's own. */
  metrics?: PrometheusMeter;
  /** Of the process; default: nothing is traced. */
  tracer?: Tracer;
  /** Where they differ from the defaults. */
  limits?: Partial<ServerLimits>;
  rates?: Partial<Rates>;
  /** Regular expressions of origins whose pages may call the API from a browser; default: none. */
  corsAllowedOrigins?: readonly string[];
  /** Such as `max-age=31536000`; default: no Strict-Transport-Security. */
  strictTransportSecurity?: readonly string[];
  /** Networks whose X-Forwarded-For is believed; default: none. */
  trustedProxies?: readonly string[];
  /** Default: nothing is written down. */
  audit?: AuditOptions;
  history?: ApiHistory;
  serviceAccounts?: ServiceAccountOptions;
  retention?: ApiRetention;
  /** Whether people make accounts themselves; default: closed. */
  registration?: RegistrationMode;
  /** Server for mails about passwords; absent: none are sent. */
  smtp?: SmtpOptions;
  /** More kinds than those of crds/; for tests. */
  extraDefinitions?: readonly ResourceDefinition[];
}

/** ApiOptions with every default in its place: nothing behind this asks whether something was given. */
export interface CompiledApiOptions {
  readonly listen: Readonly<{ host: string; port: number }>;
  readonly dataDir: string;
  /** Holds the kubeconfigs of processes on this machine. */
  readonly identityFolder: string;
  readonly serviceAccounts: CompiledServiceAccountOptions;
  readonly certificates: Readonly<{
    folder: string;
    authority: CompiledKeyMaterial['authority'];
    listenHost: string;
    names: readonly string[];
  }>;
  /** All get the same text; the first one is that of the data folder. */
  readonly kubeconfigs: readonly [string, ...string[]];
  /** For the kubeconfigs; undefined: this server's own address, which is known once it listens. */
  readonly advertiseURL: string | undefined;
  readonly database: Readonly<{ url: string; connections?: number; redisURL?: string }>;
  /** Whose objects the database gets encrypted, as the store calls them. */
  readonly encryptedResources: ReadonlySet<string>;
  readonly rootKeys: Readonly<RootKeyFile>;
  readonly compaction: Readonly<CompactionRules>;
  readonly retention: Readonly<RetentionRules>;
  readonly authentication: ApiAuthentication;
  readonly allowedAddresses: readonly string[];
  readonly audit: AuditOptions | undefined;
  readonly limits: Readonly<ServerLimits>;
  readonly rates: Rates;
  readonly browsers: Readonly<BrowserRules>;
  readonly addresses: ClientAddresses;
  readonly accounts: Readonly<{ registration: RegistrationMode; mailer: Mailer | undefined }>;
  readonly keyMaterial: CompiledKeyMaterial;
  readonly definitions: readonly ResourceDefinition[];
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: PrometheusMeter;
  readonly tracer: Tracer;
}

/** @throws Error, for a person, where options contradict each other or name a kind that is not there */
export function compileApiOptions(options: ApiOptions): CompiledApiOptions {
  const { listen, dataDir, history = {} } = options;
  const inFolder = (name: string): string => path.join(dataDir, name);
  checkHistory(history);
  const keyMaterial = compileKeyMaterial(options.keyMaterial ?? {}, dataDir);
  const definitions = [...loadDefinitions(), ...(options.extraDefinitions ?? [])];
  const retention = { ...DEFAULT_RETENTION, ...options.retention };
  return Object.freeze({
    listen: Object.freeze({ ...listen }),
    dataDir,
    keyMaterial,
    identityFolder: inFolder('identities'),
    serviceAccounts: compileServiceAccountOptions(options.serviceAccounts, {
      file: inFolder('service-account-keys'),
      advertiseURL: options.advertiseURL,
    }),
    certificates: Object.freeze({
      folder: inFolder('pki'),
      authority: keyMaterial.authority,
      listenHost: listen.host,
      names: Object.freeze([...(options.tlsNames ?? [])]),
    }),
    kubeconfigs: kubeconfigFiles(inFolder('kubeconfig'), options.writeKubeconfig),
    advertiseURL: options.advertiseURL,
    database: databaseOf(options, inFolder('troupe.db')),
    encryptedResources: encryptedKinds(options.encrypt, definitions),
    rootKeys: Object.freeze({
      file: options.rootKeyFile ?? inFolder('encryption-keys'),
      mayMake: options.rootKeyFile === undefined,
    }),
    compaction: Object.freeze({
      ...DEFAULT_STORE_OPTIONS.compaction,
      ...history,
      // Events go by the revisions of marks.
      rememberMs: retention.events ?? 0,
    }),
    allowedAddresses: Object.freeze([...(options.allowedAddresses ?? [])]),
    authentication: Object.freeze(structuredClone(options.authentication ?? {})),
    retention: Object.freeze(retention),
    audit: options.audit,
    limits: Object.freeze(withDefaults(options.limits)),
    rates: Object.freeze({ ...DEFAULT_RATES, ...options.rates }),
    browsers: browserRules(options),
    addresses: Object.freeze(createClientAddresses(options.trustedProxies ?? [])),
    accounts: Object.freeze({
      registration: options.registration ?? 'closed',
      mailer: options.smtp && createSmtpMailer(options.smtp),
    }),
    definitions: Object.freeze(definitions),
    logger: options.logger,
    clock: options.clock ?? systemClock,
    metrics: options.metrics ?? createPrometheusMeter(),
    tracer: options.tracer ?? silentTracer,
  });
}

function browserRules({ corsAllowedOrigins, strictTransportSecurity: directives }: ApiOptions): BrowserRules {
  return Object.freeze({
    cors: createCorsPolicy(corsAllowedOrigins ?? []),
    strictTransportSecurity: directives && strictTransportSecurity(directives),
  });
}

function databaseOf(
  { databaseURL, databaseConnections, redisURL }: ApiOptions,
  file: string,
): CompiledApiOptions['database'] {
  return Object.freeze({
    url: databaseURL ?? `sqlite:${file}`,
    ...(databaseConnections === undefined ? {} : { connections: databaseConnections }),
    ...(redisURL === undefined ? {} : { redisURL }),
  });
}

function kubeconfigFiles(own: string, asked: string | undefined): CompiledApiOptions['kubeconfigs'] {
  return asked === undefined || asked === own ? Object.freeze([own]) : Object.freeze([own, asked]);
}
