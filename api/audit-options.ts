import { createAuditor } from './audit/auditor.ts';
import type { Auditor, AuditorOptions } from './audit/auditor.ts';
import { loadPolicy, policyFrom } from './audit/policy.ts';
import { openLogSink } from './audit/sinks/log-sink.ts';
import type { Sink, SinkMode } from './audit/sinks/sink.ts';
import { createWebhookSink } from './audit/sinks/webhook-sink.ts';
import type { AuditWebhook } from './audit/sinks/webhook-sink.ts';
import { watchFile } from './watched-files/watched-file.ts';
import { createCredentials } from './client/credentials.ts';
import { loadKubeconfig } from './client/kubeconfig.ts';
import type { Clock } from './machinery/clock.ts';
import type { Logger } from './machinery/logger.ts';
import type { Meter } from './machinery/meter.ts';
import { credentialFieldsOf } from './types/credentials/credential-fields.ts';

/** The settings of audit that operators give; without them nothing is written down. */
export interface AuditOptions {
  /** A Policy of audit.k8s.io/v1; it is read again when it changes. */
  policyFile?: string;
  /** Lines of JSON in a file; `-` is standard output. */
  log?: AuditLogOptions;
  webhook?: AuditWebhookOptions;
}

export interface AuditLogOptions {
  file: string;
  mode?: SinkMode;
  /** Default 100 MiB. */
  maxBytes?: number;
  /** Default 0, for ever. */
  maxAgeMs?: number;
  /** Default 0, all of them. */
  maxBackups?: number;
}

export interface AuditWebhookOptions {
  /** A kubeconfig that names the service. */
  configFile: string;
  mode?: SinkMode;
  batchSize?: number;
  batchWaitMs?: number;
  initialBackoffMs?: number;
}

export interface AuditParts {
  encryptedResources: ReadonlySet<string>;
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

const LOG_BYTES = 100 * 1024 * 1024;

/**
 * Opens what audit events go to, and adds it to `started`; undefined where nothing is to be written down.
 * @throws Error, for a person, for a policy that makes no sense, or a file or kubeconfig that cannot be used
 */
export async function openAuditor(
  options: AuditOptions | undefined,
  parts: AuditParts,
  started: AsyncDisposableStack,
): Promise<Auditor | undefined> {
  const { policyFile, log, webhook } = options ?? {};
  if (policyFile === undefined && log === undefined && webhook === undefined) return undefined;
  if (policyFile === undefined) {
    throw new Error('--audit-policy-file says what is written to the audit log, and is missing');
  }
  if (log === undefined && webhook === undefined) {
    throw new Error('--audit-policy-file needs --audit-log-path or --audit-webhook-config-file, or both');
  }
  // Before anything is opened.
  loadPolicy(policyFile);
  const sinks: Sink[] = [];
  if (log !== undefined) sinks.push(await openLog(log, parts));
  if (webhook !== undefined) sinks.push(await openWebhook(webhook, parts));
  for (const sink of sinks) started.defer(() => sink.close());
  // The administrator says by encrypting a resource that it holds secrets.
  const holdsSecrets = (resource: string): boolean =>
    parts.encryptedResources.has(resource) || credentialFieldsOf(resource) !== undefined;
  return followPolicy(policyFile, { ...parts, sinks, holdsSecrets }, started);
}

/** The policy is read again when its file changes; one that makes no sense is logged, and the one before goes on to count. */
async function followPolicy(
  file: string,
  options: Omit<AuditorOptions, 'policy'> & Pick<AuditParts, 'logger'>,
  started: AsyncDisposableStack,
): Promise<Auditor> {
  const { clock, logger } = options;
  const use = (text: string): void => {
    auditor.replacePolicy(() => policyFrom(file, text));
    logger.info('the audit policy was read again', { file });
  };
  const watched = started.use(await watchFile({ file, clock, logger, use }));
  // Before the first change is told of: that takes a turn of timers.
  const auditor = createAuditor({ ...options, policy: policyFrom(file, watched.text) });
  return auditor;
}

function openLog(
  { mode = 'batch', maxBytes = LOG_BYTES, maxAgeMs = 0, maxBackups = 0, file }: AuditLogOptions,
  parts: AuditParts,
): Promise<Sink> {
  return openLogSink({ ...parts, mode, file, maxBytes, maxAgeMs, maxBackups });
}

/** Defaults are kube-apiserver's. */
async function openWebhook(given: AuditWebhookOptions, parts: AuditParts): Promise<Sink> {
  const { mode = 'batch', batchSize = 400, batchWaitMs = 30_000, initialBackoffMs = 10_000 } = given;
  const webhook = await readWebhook(given.configFile);
  return createWebhookSink({ ...parts, webhook, mode, batchSize, batchWaitMs, initialBackoffMs });
}

async function readWebhook(file: string): Promise<AuditWebhook> {
  const { server, ca, skipTLSVerify, user } = await loadKubeconfig({ files: [file] });
  if (skipTLSVerify) {
    throw new Error(
      `${file}: an audit webhook whose certificate is not checked gets nothing: name its certificate-authority`,
    );
  }
  const { certificate, key } = user;
  const credentials = await createCredentials(user);
  return {
    url: server,
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined || key === undefined ? {} : { identity: { cert: certificate, key } }),
    authorization: async () => (await credentials.current()).headers['authorization'] ?? '',
  };
}
