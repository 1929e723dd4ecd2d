import { homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { badRequest } from '#api/machinery/status-error';
import { listAllowedAddresses } from '#guarded-client/allowed-addresses';
import { readKubernetesSettings } from './drivers/kubernetes/kubernetes-settings.ts';
import type { KubernetesFlags, KubernetesSettings } from './drivers/kubernetes/kubernetes-settings.ts';
import { heartbeatTimes } from './executor/heartbeat-times.ts';
import type { HeartbeatTimes } from './executor/heartbeat-times.ts';
import { readLabels } from './executor/labels.ts';
import type { Labels } from './executor/labels.ts';

export type DriverChoice = 'auto' | 'docker' | 'kubernetes' | 'process';

/** Everything the executor manager can be told, with the defaults filled in. */
export interface ExecutorManagerConfig {
  /** Name of the Executor object, a DNS-1123 subdomain. */
  readonly executorName: string;
  readonly driver: DriverChoice;
  readonly heartbeat: HeartbeatTimes;
  /** Labels that the Executor gets beside those that the manager finds out. */
  readonly labels: Labels;
  /** Folder of the key that tokens are made with, of kept work and of the process driver's runtimes. */
  readonly dataDir: string;
  /** Sandboxes at once. */
  readonly maxConcurrent: number;
  /** Runs at once that only talk and share a process; 0: they have sandboxes like all others. */
  readonly maxConversations: number;
  /** The user and group of that process, where this one may choose: as root. */
  readonly conversationUserID: number;
  /** Host ports for runners, both ends included. */
  readonly ports: { readonly min: number; readonly max: number };
  /** Image of a sandbox whose Shell names none. */
  readonly image: string;
  /** Docker network of the sandboxes. */
  readonly network: string;
  /** Addresses of Docker engines, tried in order: DOCKER_HOST alone, or the usual sockets. */
  readonly dockerHosts: readonly string[];
  /** For the driver of that name. */
  readonly kubernetes: KubernetesSettings;
  /** The addresses that this executor may call beside public ones: for Models, and for MCP servers of conversations. */
  readonly allowedAddresses: readonly string[];
  /** What a runner without a container gets of this process's environment. */
  readonly runnerEnvironment: Readonly<Record<string, string>>;
}

export interface ConfigOverrides {
  driver?: DriverChoice;
  dataDir?: string;
  executorName?: string;
  heartbeat?: Partial<HeartbeatTimes>;
  /** Each as KEY=VALUE. */
  labels?: readonly string[];
  kubernetes?: KubernetesFlags;
}

/** The folder in which one executor keeps its data on this machine. */
export function executorFolder({
  dataDir,
  executorName,
}: Pick<ExecutorManagerConfig, 'dataDir' | 'executorName'>): string {
  return join(dataDir, 'executors', executorName);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What a program needs to find other programs, certificates and a proxy. Nothing here is ours, nothing secret. */
const PASSED_ON = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
];

const MAX_PORT = 65_535;
const MAX_SANDBOXES = 100;
const MAX_CONVERSATIONS = 10_000;
/** Of a range that no system gives away by itself: https://systemd.io/UIDS-GIDS/ */
const CONVERSATION_USER = 61_000;
const MAX_USER_ID = 2 ** 31 - 1;

/**
 * Reads the settings; a value that is set but makes no sense is an error, never a default.
 * @throws StatusError BadRequest that names the variable or the flag.
 */
export function readExecutorManagerConfig(
  env: Environment,
  overrides: ConfigOverrides = {},
): ExecutorManagerConfig {
  const min = number(env, 'EXECUTOR_PORT_RANGE_MIN', { fallback: 10_001, min: 1, max: MAX_PORT });
  const max = number(env, 'EXECUTOR_PORT_RANGE_MAX', {
    fallback: Math.max(min, Math.min(min + 99, MAX_PORT)),
    min: 1,
    max: MAX_PORT,
  });
  if (max < min) {
    throw badRequest(`EXECUTOR_PORT_RANGE_MAX (${max}) is below EXECUTOR_PORT_RANGE_MIN (${min})`);
  }
  return Object.freeze({
    executorName: executorName(overrides.executorName ?? text(env, 'EXECUTOR_NAME')),
    driver: driverChoice(env, overrides.driver),
    heartbeat: heartbeatTimes(overrides.heartbeat),
    labels: readLabels(overrides.labels),
    dataDir: resolve(overrides.dataDir ?? join(homedir(), '.troupe')),
    maxConcurrent: number(env, 'MAX_CONCURRENT_TASKS', { fallback: 5, min: 1, max: MAX_SANDBOXES }),
    maxConversations: number(env, 'MAX_CONCURRENT_CONVERSATIONS', {
      fallback: 1000,
      min: 0,
      max: MAX_CONVERSATIONS,
    }),
    conversationUserID: number(env, 'CONVERSATION_USER_ID', {
      fallback: CONVERSATION_USER,
      min: 0,
      max: MAX_USER_ID,
    }),
    ports: Object.freeze({ min, max }),
    image: text(env, 'EXECUTOR_IMAGE') ?? 'troupe-executor:latest',
    network: network(text(env, 'NETWORK')),
    dockerHosts: Object.freeze(dockerHosts(env)),
    kubernetes: readKubernetesSettings(overrides.kubernetes),
    allowedAddresses: Object.freeze(allowedAddresses(text(env, 'TROUPE_ALLOWED_ADDRESSES'))),
    runnerEnvironment: Object.freeze(passedOn(env)),
  });
}

/** Who names an engine wants isolated agents: one that is away is waited for, never done without. */
function driverChoice(env: Environment, asked: DriverChoice = 'auto'): DriverChoice {
  return asked === 'auto' && text(env, 'DOCKER_HOST') !== undefined ? 'docker' : asked;
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function number(
  env: Environment,
  name: string,
  rule: { fallback: number; min: number; max: number },
): number {
  const value = text(env, name);
  if (value === undefined) return rule.fallback;
  const parsed = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(parsed >= rule.min && parsed <= rule.max)) {
    throw badRequest(`${name} must be a whole number from ${rule.min} to ${rule.max}, not "${value}"`);
  }
  return parsed;
}

/** Networks of the engine that are none of a container's own: no port is published on them, and one isolates nothing. */
function network(given = 'bridge'): string {
  if (given !== 'host' && given !== 'none' && !given.startsWith('container:')) return given;
  throw badRequest(`NETWORK must be "bridge" or a network made with docker network create, not "${given}"`);
}

/** The name given, which must be valid, or the host's, made valid. */
function executorName(given: string | undefined): string {
  if (given === undefined) {
    const host = hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]+/g, '-')
      .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
    return isSubdomain(host) ? host : 'executor';
  }
  if (isSubdomain(given)) return given;
  throw badRequest(
    `EXECUTOR_NAME must consist of lower case letters, digits, "-" and "." and start and end with a letter or digit, not "${given}"`,
  );
}

function isSubdomain(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

/** Docker Desktop, rootless Docker, Colima and OrbStack each have a socket of their own. */
function dockerHosts(env: Environment): string[] {
  const named = text(env, 'DOCKER_HOST');
  if (named !== undefined) return [named];
  const home = text(env, 'HOME') ?? homedir();
  const runtime = text(env, 'XDG_RUNTIME_DIR');
  return [
    '/var/run/docker.sock',
    ...(runtime === undefined ? [] : [join(runtime, 'docker.sock')]),
    join(home, '.docker/run/docker.sock'),
    join(home, '.colima/default/docker.sock'),
    join(home, '.orbstack/run/docker.sock'),
  ].map((path) => `unix://${path}`);
}

function allowedAddresses(given = ''): string[] {
  try {
    return listAllowedAddresses(given);
  } catch (error) {
    throw badRequest(`TROUPE_ALLOWED_ADDRESSES: ${(error as Error).message}`);
  }
}

function passedOn(env: Environment): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
