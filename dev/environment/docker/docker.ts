import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { cacheFolder } from '../cache-folder.ts';
import { engineBridge } from './docker-bridge.ts';
import { dataRoot } from './docker-data-root.ts';
import { installPackages } from '../packages.ts';
import { findProgram } from '../program.ts';
import { RestartableProcess } from '../restartable-process.ts';
import type { Restartable } from '../restartable-process.ts';
import { temporaryFolder } from '../temporary-folder.ts';

export interface DockerEngine extends AsyncDisposable {
  /** What DOCKER_HOST has to be, e.g. unix:///var/run/docker.sock. */
  readonly host: string;
  /** Whether it was started for us, and stops when disposed of. */
  readonly private: boolean;
}

/**
 * The engine that DOCKER_HOST names, else one that answers on a usual socket, else a private dockerd.
 * The private one keeps its images in `.cache/docker` between runs, so that ours is built once.
 * Throws, saying what is missing and how to get it, when there is no way to an engine.
 */
export async function docker(): Promise<DockerEngine> {
  const named = process.env['DOCKER_HOST'];
  if (named) {
    if (await answers(named)) return foreign(named);
    throw new Error(`no Docker engine answers at DOCKER_HOST=${named}; start it, or unset DOCKER_HOST`);
  }
  for (const socket of usualSockets()) {
    const host = `unix://${socket}`;
    if (existsSync(socket) && (await answers(host))) return foreign(host);
  }
  return privateEngine(cacheFolder('docker'));
}

const foreign = (host: string): DockerEngine => ({ host, private: false, async [Symbol.asyncDispose]() {} });

function usualSockets(): string[] {
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return [
    '/var/run/docker.sock',
    ...(runtime === undefined ? [] : [path.join(runtime, 'docker.sock')]),
    path.join(homedir(), '.docker/run/docker.sock'),
    path.join(homedir(), '.docker/desktop/docker.sock'),
    path.join(homedir(), '.colima/default/docker.sock'),
    path.join(homedir(), '.orbstack/run/docker.sock'),
  ];
}

/** How long the engine may be silent; an image is not built through this client. */
const PATIENCE_MS = 60_000;

/** A client of the engine at `host` (unix:// or tcp://). */
export function dockerClient(host: string): Docker {
  if (host.startsWith('unix://'))
    return new Docker({ socketPath: host.slice('unix://'.length), timeout: PATIENCE_MS });
  const { hostname, port, protocol } = new URL(host.replace(/^tcp:/, 'http:'));
  return new Docker({
    host: hostname,
    port: port || 2375,
    protocol: protocol === 'https:' ? 'https' : 'http',
  });
}

async function answers(host: string): Promise<boolean> {
  // dockerode itself understands ssh:// and TLS from the environment; a ping of those is left to first use.
  if (!/^(unix|tcp|http):/.test(host)) return true;
  try {
    await dockerClient(host).ping();
    return true;
  } catch {
    return false; // whatever the cause, this is not an engine that we can use
  }
}

/** An engine that nobody else uses and that can be killed; its images stay in the folder `kept`. */
export async function privateEngine(kept: string): Promise<DockerEngine & Restartable> {
  const command = await dockerd();
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder('dk'));
  const data = stack.use(await dataRoot(kept, folder.path));
  const bridge = stack.use(await engineBridge());
  const socket = path.join(folder.path, 'docker.sock');
  const exec = path.join(folder.path, 'exec');
  const host = `unix://${socket}`;
  const daemon = new RestartableProcess({
    command,
    args: [
      `--host=${host}`,
      `--data-root=${data.path}`,
      `--exec-root=${exec}`,
      `--pidfile=${path.join(folder.path, 'docker.pid')}`,
      ...bridge.args,
    ],
    ready: () => answers(host),
    patienceMs: 30_000,
  });
  stack.defer(() => daemon.stop());
  await daemon.start();
  await removeRemains(host);
  stack.defer(() => removeRemains(host));
  const owned = stack.move();
  const { controls } = daemon;
  return {
    ...{ host, private: true, ...controls },
    async kill() {
      const containerd = await readFile(path.join(exec, 'containerd/containerd.pid'), 'utf8');
      await controls.kill();
      await untilGone(Number(containerd));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const LOOK_MS = 20;

/** Containerd dies with its dockerd, a moment later; the next dockerd would take it for one that still works. */
async function untilGone(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await delay(LOOK_MS);
}

async function dockerd(): Promise<string> {
  const missing =
    'start Docker and name it in DOCKER_HOST (for example DOCKER_HOST=unix:///var/run/docker.sock).';
  if (process.getuid?.() !== 0) {
    throw new Error(`no Docker engine answers, and only root can start a private one: ${missing}`);
  }
  const found = await findProgram('dockerd');
  if (found !== undefined) return found;
  await installPackages(['docker.io'], {
    purpose: 'to run sandboxes in a private engine',
    otherwise: missing,
  });
  return (await findProgram('dockerd')) ?? 'dockerd';
}

/** Containers, networks and volumes of an earlier run that was killed; only for an engine that is ours alone. */
async function removeRemains(host: string): Promise<void> {
  const client = dockerClient(host);
  for (const { Id } of await client.listContainers({ all: true })) {
    await client.getContainer(Id).remove({ force: true, v: true });
  }
  await client.pruneNetworks();
  const { Volumes } = await client.listVolumes();
  for (const { Name } of Volumes ?? []) await client.getVolume(Name).remove();
}
