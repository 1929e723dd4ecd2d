import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ApiAudit } from '#api/config';
import { parseDuration } from '../../duration.ts';
import { toPath } from './flag-values.ts';

/** Who is told what people and programs did; names and units are kube-apiserver's. */
export interface AuditFlags {
  auditPolicyFile?: string;
  auditLogPath?: string;
  auditLogMaxsize?: number;
  auditLogMaxage?: number;
  auditLogMaxbackup?: number;
  auditLogMode?: Mode;
  auditWebhookConfigFile?: string;
  auditWebhookMode?: Mode;
  auditWebhookBatchMaxSize?: number;
  auditWebhookBatchMaxWait?: number;
  auditWebhookInitialBackoff?: number;
}

type Mode = (typeof MODES)[number];

const MODES = ['batch', 'blocking', 'blocking-strict'] as const;
const MEBIBYTE = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

export function addAuditFlags(command: Command): Command {
  return command
    .option('--audit-policy-file <file>', 'audit.k8s.io/v1 Policy: what is written down', toPath)
    .option('--audit-log-path <file>', 'file for audit events, or - for standard output', toLogPath)
    .option('--audit-log-maxsize <MiB>', 'a new audit log is begun at this size (100)', parseCount)
    .option('--audit-log-maxage <days>', 'older audit logs are removed after (0: never)', parseNumber)
    .option('--audit-log-maxbackup <number>', 'older audit logs that are kept (0: all)', parseNumber)
    .addOption(modeOption('--audit-log-mode <mode>'))
    .option('--audit-webhook-config-file <file>', 'kubeconfig of a service for audit events', toPath)
    .addOption(modeOption('--audit-webhook-mode <mode>'))
    .option('--audit-webhook-batch-max-size <number>', 'events in one call of the webhook (400)', parseCount)
    .option('--audit-webhook-batch-max-wait <duration>', 'an event waits for others (30s)', parseWait)
    .option('--audit-webhook-initial-backoff <duration>', 'before the second attempt (10s)', parseWait);
}

function modeOption(flags: string): Option {
  return new Option(flags, 'whether requests wait until their events are handed over (batch)').choices(MODES);
}

/** The settings that the flags give; undefined where they give none. */
export function auditOf(flags: AuditFlags): ApiAudit | undefined {
  const { auditPolicyFile, auditLogPath, auditWebhookConfigFile } = flags;
  const isAsked = [auditPolicyFile, auditLogPath, auditWebhookConfigFile].some((file) => file !== undefined);
  if (!isAsked) return undefined;
  return {
    ...(auditPolicyFile === undefined ? {} : { policyFile: auditPolicyFile }),
    ...(auditLogPath === undefined ? {} : { log: { file: auditLogPath, ...logOf(flags) } }),
    ...(auditWebhookConfigFile === undefined
      ? {}
      : { webhook: { configFile: auditWebhookConfigFile, ...webhookOf(flags) } }),
  };
}

function logOf({ auditLogMode, auditLogMaxsize, auditLogMaxage, auditLogMaxbackup }: AuditFlags) {
  return {
    ...(auditLogMode === undefined ? {} : { mode: auditLogMode }),
    ...(auditLogMaxsize === undefined ? {} : { maxBytes: auditLogMaxsize * MEBIBYTE }),
    ...(auditLogMaxage === undefined ? {} : { maxAgeMs: auditLogMaxage * DAY_MS }),
    ...(auditLogMaxbackup === undefined ? {} : { maxBackups: auditLogMaxbackup }),
  };
}

function webhookOf(flags: AuditFlags) {
  const { auditWebhookMode, auditWebhookBatchMaxSize, auditWebhookBatchMaxWait } = flags;
  const { auditWebhookInitialBackoff } = flags;
  return {
    ...(auditWebhookMode === undefined ? {} : { mode: auditWebhookMode }),
    ...(auditWebhookBatchMaxSize === undefined ? {} : { batchSize: auditWebhookBatchMaxSize }),
    ...(auditWebhookBatchMaxWait === undefined ? {} : { batchWaitMs: auditWebhookBatchMaxWait }),
    ...(auditWebhookInitialBackoff === undefined ? {} : { initialBackoffMs: auditWebhookInitialBackoff }),
  };
}

const toLogPath = (file: string): string => (file === '-' ? file : toPath(file));

function parseNumber(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number');
}

function parseCount(text: string): number {
  const count = parseNumber(text);
  if (count > 0) return count;
  throw new InvalidArgumentError('expected a whole number of at least 1');
}

function parseWait(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 0 && ms <= 60 * 60 * 1000) return ms;
  throw new InvalidArgumentError('expected a duration of 0s to 1h');
}
