import type { ContainerCreateOptions } from 'dockerode';
import { RUNNER_CONTAINER_PORT, RUNNER_ENV } from '../../protocol/runner-environment.ts';
import type { RuntimeSpec } from '../driver.ts';
import type { CustomImage } from './images/custom-images.ts';
import { RUNNER_FOLDER } from './images/runner-volume.ts';

/** Labels by which the manager knows what is its own; nothing else on the engine is ever touched. */
export const LABEL = {
  executor: 'io.troupe.executor',
  /** See ownerID: two installations may share an engine, and an executor's name. */
  owner: 'io.troupe.owner',
  port: 'io.troupe.port',
} as const;

/** The labels, as a filter of the engine, of what one executor of one installation has made. */
export function ownedBy(owner: Pick<ContainerSettings, 'executorName' | 'owner'>): string[] {
  return [`${LABEL.executor}=${owner.executorName}`, `${LABEL.owner}=${owner.owner}`];
}

export interface ContainerSettings {
  executorName: string;
  owner: string;
  /** The image with the runner in it. */
  image: string;
  /** The image in place of it, which gets the runner from a volume. */
  custom?: CustomImage;
  network: string;
  /** Address of the engine's host on which the port is published. */
  publishHost: string;
  /** Cores the engine has: it refuses a limit above them. */
  engineCPUs: number;
}

const PREFIX = 'troupe-';

/** The name of a runtime's container, and of the volume with its workspace. */
export const engineName = (runtimeID: string): string => `${PREFIX}${runtimeID}`;

/**
 * The id of the runtime that a container or volume belongs to. What a manager made that named them after Sandboxes
 * and Tasks has an id too, which no Sandbox names: a sweep removes it.
 */
export const runtimeIDOf = (engineName: string): string => engineName.replace(/^\//, '').slice(PREFIX.length);

/** The user `agent` of the image. */
export const USER = '10001:10001';
/** Room for the runner's events and the agent's home. */
const STATE_BYTES = 512 * 1024 * 1024;
const OWNER = 'uid=10001,gid=10001,mode=0700';

/**
 * A container that is trusted with nothing (DESIGN, decision 7): no root, no capabilities, no new privileges,
 * nothing writable but its workspace and memory-backed folders, and limits on all it can use up.
 * What it may reach over the network is not limited yet; NETWORK can name a network that limits it.
 */
export function containerOptions(
  spec: RuntimeSpec & { port: number },
  settings: ContainerSettings,
): ContainerCreateOptions & { name: string } {
  const portKey = `${RUNNER_CONTAINER_PORT}/tcp`;
  return {
    name: engineName(spec.id),
    Image: settings.custom?.name ?? settings.image,
    // Whatever the image says: no shell in between, so that the runner is ready as fast as node starts and gets the
    // signals itself, and no program of the image beside it.
    Entrypoint: [`${RUNNER_FOLDER}/node`, `${RUNNER_FOLDER}/runner.cjs`],
    Cmd: [],
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    // No host name of the machine, no name of a Task: nothing for the agent to learn.
    Hostname: 'sandbox',
    User: USER,
    WorkingDir: '/workspace',
    Env: [
      ...Object.entries(runnerEnvironment(spec)).map(([name, value]) => `${name}=${value}`),
      ...(settings.custom === undefined ? [] : customEnvironment(settings.custom)),
    ],
    Labels: { ...labels(settings), [LABEL.port]: String(spec.port) },
    ExposedPorts: { [portKey]: {} },
    StopTimeout: 2,
    HostConfig: {
      ...security(),
      ...limits(spec, settings),
      Mounts: [
        workspace(spec, settings),
        ...(settings.custom === undefined ? [] : [runner(settings.custom)]),
      ],
      PortBindings: { [portKey]: [{ HostIp: settings.publishHost, HostPort: String(spec.port) }] },
      NetworkMode: settings.network,
      // A model service on the engine's host is reached under Docker Desktop's name on every engine.
      ExtraHosts: settings.network === 'host' ? [] : ['host.docker.internal:host-gateway'],
    },
  };
}

function runnerEnvironment(spec: RuntimeSpec): Record<string, string> {
  return {
    [RUNNER_ENV.port]: String(RUNNER_CONTAINER_PORT),
    [RUNNER_ENV.host]: '0.0.0.0',
    [RUNNER_ENV.tokenHash]: spec.tokenHash,
    [RUNNER_ENV.workspace]: '/workspace',
    [RUNNER_ENV.state]: '/run/troupe',
  };
}

/** Variables of an image that say where programs, certificates and a proxy are. */
const FOR_ALL = new Set([
  ...['PATH', 'LANG', 'LC_ALL', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
]);

/**
 * The image's variables are for the agent: LD_LIBRARY_PATH or NODE_OPTIONS would break the runner. A name without a
 * value takes the variable away (https://docs.docker.com/reference/api/engine/, ContainerCreate, Env).
 */
function customEnvironment({ environment }: CustomImage): string[] {
  const forAgent = Object.keys(environment).filter((name) => !FOR_ALL.has(name));
  return [
    ...forAgent,
    ...(environment['LANG'] === undefined ? ['LANG=C.UTF-8'] : []),
    `${RUNNER_ENV.imageEnvironment}=${JSON.stringify(environment)}`,
  ];
}

function labels(settings: ContainerSettings): Record<string, string> {
  return { [LABEL.executor]: settings.executorName, [LABEL.owner]: settings.owner };
}

function security() {
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    Privileged: false,
    ReadonlyRootfs: true,
    // The runner's events, the agent's home and its scripts live in memory and go with the container.
    // Programs may run from there: agents write scripts and git asks a helper for the credential.
    Tmpfs: {
      '/tmp': 'rw,nosuid,nodev,exec,size=512m,mode=1777',
      '/run/troupe': `rw,nosuid,nodev,exec,size=${STATE_BYTES},${OWNER}`,
      '/home/agent': `rw,nosuid,nodev,exec,size=256m,${OWNER}`,
    },
    // Reaps what the agent leaves behind and passes signals on.
    Init: true,
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
  };
}

function limits(spec: RuntimeSpec, settings: ContainerSettings) {
  const memory = Math.floor(spec.limits.memory);
  // Stops one endless file at once, before the runner's guard looks. Not below what the runner's own events may
  // take, and never beyond what the engine's JSON can carry as a whole number.
  const largestFile = Math.min(Number.MAX_SAFE_INTEGER, Math.max(STATE_BYTES, Math.floor(spec.limits.disk)));
  return {
    Memory: memory,
    // The same number: no swap on top.
    MemorySwap: memory,
    NanoCpus: Math.round(Math.min(spec.limits.cpus, settings.engineCPUs) * 1e9),
    PidsLimit: spec.limits.pids,
    Ulimits: [{ Name: 'fsize', Soft: largestFile, Hard: largestFile }],
  };
}

/** Read-only, and never filled from what the image may have at that place. */
function runner({ runnerVolume }: CustomImage) {
  return {
    Type: 'volume' as const,
    Source: runnerVolume,
    Target: RUNNER_FOLDER,
    ReadOnly: true,
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
  };
}

/**
 * A container that is never started: the engine makes the runtime's workspace while it creates it, as it is in the
 * runner's own image, where it belongs to the agent.
 */
export function workspaceMaker(
  spec: Pick<RuntimeSpec, 'id'>,
  settings: ContainerSettings,
): ContainerCreateOptions & { name: string } {
  return {
    name: engineName(spec.id),
    Image: settings.image,
    // Nobody takes it for the runtime's container: that has a port.
    Labels: { ...labels(settings), [LABEL.port]: '0' },
    HostConfig: { NetworkMode: 'none', Mounts: [workspace(spec, settings)] },
  };
}

/**
 * The engine fills a new volume from the /workspace of the runner's image, owner included, so the agent can write to it.
 * A custom image finds it so, and nothing of its own goes there.
 */
function workspace(spec: Pick<RuntimeSpec, 'id'>, settings: ContainerSettings) {
  return {
    Type: 'volume' as const,
    Source: engineName(spec.id),
    Target: '/workspace',
    VolumeOptions: {
      NoCopy: settings.custom !== undefined,
      Labels: labels(settings),
      DriverConfig: { Name: 'local', Options: {} },
    },
  };
}
