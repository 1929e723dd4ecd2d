import type { ContainerCreateOptions } from 'dockerode';
import { RUNNER_CONTAINER_PORT, RUNNER_ENV } from '../../protocol/run.ts';
import type { RuntimeSpec } from '../driver.ts';

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
  image: string;
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
const USER = '10001:10001';
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
    Image: spec.image ?? settings.image,
    // No host name of the machine, no name of a Task: nothing for the agent to learn.
    Hostname: 'sandbox',
    User: USER,
    WorkingDir: '/workspace',
    Env: Object.entries(runnerEnvironment(spec)).map(([name, value]) => `${name}=${value}`),
    Labels: { ...labels(settings), [LABEL.port]: String(spec.port) },
    ExposedPorts: { [portKey]: {} },
    StopTimeout: 2,
    HostConfig: {
      ...security(),
      ...limits(spec, settings),
      Mounts: [workspace(spec, settings)],
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

/** The engine fills a new volume from the image's /workspace, owner included, so the agent can write to it. */
function workspace(spec: RuntimeSpec, settings: ContainerSettings) {
  return {
    Type: 'volume' as const,
    Source: engineName(spec.id),
    Target: '/workspace',
    VolumeOptions: {
      NoCopy: false,
      Labels: labels(settings),
      DriverConfig: { Name: 'local', Options: {} },
    },
  };
}
