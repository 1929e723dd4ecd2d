import { homedir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { ApiLimits } from '#api/config';
import { parseDuration } from '../../duration.ts';
import { LOG_LEVELS } from '../../logger.ts';
import type { LogLevel } from '../../logger.ts';
import { addAccountFlags } from './account-flags.ts';
import type { AccountFlags } from './account-flags.ts';
import { addAdvertiseFlags } from '../advertise.ts';
import type { AdvertiseFlags } from '../advertise.ts';
import { addAuthenticationFlags } from './authentication-flags.ts';
import type { AuthenticationFlags } from './authentication-flags.ts';
import { addAuditFlags } from './audit-flags.ts';
import type { AuditFlags } from './audit-flags.ts';
import { addEdgeFlags } from './edge-flags.ts';
import type { EdgeFlags } from './edge-flags.ts';
import { addValue, toPath } from './flag-values.ts';
import { addKeyMaterialFlags } from './key-material-flags.ts';
import type { KeyMaterialFlags } from './key-material-flags.ts';
import { addRetentionFlags } from './retention-flags.ts';
import type { RetentionFlags } from './retention-flags.ts';
import { addServiceAccountFlags } from './service-account-flags.ts';
import type { ServiceAccountFlags } from './service-account-flags.ts';

/** Flags that `troupe server` and `troupe api` share. */
export interface ApiFlags
  extends
    AccountFlags,
    AdvertiseFlags,
    AuditFlags,
    AuthenticationFlags,
    EdgeFlags,
    KeyMaterialFlags,
    RetentionFlags,
    ServiceAccountFlags {
  listen: { host: string; port: number };
  dataDir: string;
  writeKubeconfig?: string;
  maxRequestsInflight?: number;
  maxMutatingRequestsInflight?: number;
  maxRequestsInflightPerUser?: number;
  maxStreamsPerUser?: number;
  requestTimeout?: number;
  encrypt?: string[];
  logLevel: LogLevel;
}

/** Flags of the processes that are clients of an API server. */
export interface ClientFlags {
  kubeconfig?: string;
  context?: string;
  logLevel: LogLevel;
}

export const DEFAULT_LISTEN = '127.0.0.1:7443';

/** `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (all addresses); port 0 takes a free one. */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(`expected HOST:PORT with a port of 0 to 65535, such as ${DEFAULT_LISTEN}`);
  }
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port };
}

/** `--listen`; help shows its default as people write it. */
export function listenOption(description: string, address: string): Option {
  return new Option('--listen <host:port>', description)
    .argParser(parseListen)
    .default(parseListen(address), address);
}

export function defaultDataDir(): string {
  return join(homedir(), '.troupe');
}

export function addApiFlags(command: Command): Command {
  const edge = addAccountFlags(addEdgeFlags(addRetentionFlags(addAdvertiseFlags(addLogLevel(command)))));
  return addKeyMaterialFlags(addServiceAccountFlags(addAuditFlags(addAuthenticationFlags(edge))))
    .addOption(listenOption('address to serve the API on (HTTPS)', DEFAULT_LISTEN))
    .option('--data-dir <dir>', 'folder for the database, the CA and the token', toPath, defaultDataDir())
    .option('--write-kubeconfig <file>', 'also write the kubeconfig to this file', toPath)
    .option(
      '--encrypt <kind>',
      'encrypt objects of this kind in the database, again for more, none for no kind (secrets, models, ghosts)',
      addValue,
    )
    .option('--max-requests-inflight <number>', 'reads answered at once (400)', parseCount)
    .option('--max-mutating-requests-inflight <number>', 'writes answered at once (200)', parseCount)
    .option('--max-requests-inflight-per-user <number>', 'requests of one user at once (400)', parseCount)
    .option('--max-streams-per-user <number>', 'watches and logs of one user (10000)', parseCount)
    .option('--request-timeout <duration>', 'longest time of a request that is no stream (1m)', parseTimeout);
}

/** What the flags say about the limits of the API server; what they leave out has its default. */
export function limitsOf(flags: ApiFlags): ApiLimits {
  const { maxRequestsInflight, maxMutatingRequestsInflight, requestTimeout } = flags;
  const { maxRequestsInflightPerUser, maxStreamsPerUser } = flags;
  return {
    ...(maxRequestsInflight === undefined ? {} : { reads: maxRequestsInflight }),
    ...(maxMutatingRequestsInflight === undefined ? {} : { writes: maxMutatingRequestsInflight }),
    ...(maxRequestsInflightPerUser === undefined ? {} : { perUser: maxRequestsInflightPerUser }),
    ...(maxStreamsPerUser === undefined ? {} : { longRunningPerUser: maxStreamsPerUser }),
    ...(requestTimeout === undefined ? {} : { requestMs: requestTimeout }),
  };
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('expected a whole number of at least 1');
}

function parseTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 1000 && ms <= 86_400_000) return ms;
  throw new InvalidArgumentError('expected a duration of 1s to 24h');
}

export function addClientFlags(command: Command): Command {
  return addLogLevel(command)
    .option('--kubeconfig <file>', 'kubeconfig that names the API server', toPath)
    .option('--context <name>', 'context of the kubeconfig to use');
}

function addLogLevel(command: Command): Command {
  return command.addOption(
    new Option('--log-level <level>', 'least important log line to print')
      .choices(LOG_LEVELS)
      .default('info'),
  );
}
