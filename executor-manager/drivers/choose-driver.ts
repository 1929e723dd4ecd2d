import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { executorFolder } from '../config.ts';
import type { ExecutorManagerConfig } from '../config.ts';
import { DockerDriver } from './docker/docker-driver.ts';
import { connectEngine, engineError } from './docker/engine-connection.ts';
import type { EngineConnection } from './docker/engine-connection.ts';
import type { RuntimeDriver } from './driver.ts';
import { PortAllocator } from './ports/port-allocator.ts';
import { ProcessDriver } from './process/process-driver.ts';

export interface DriverEnvironment {
  config: ExecutorManagerConfig;
  /** See ownerID. */
  owner: string;
  logger: Logger;
  clock: Clock;
  /** Ends what the driver does in the background. */
  signal: AbortSignal;
}

const ABSENT: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);
/** The runner, for processes of this machine: its source in a checkout, else what a package has in its place. */
export const RUNNER_PROGRAM = runnerProgram(resolve(import.meta.dirname, '../../executor-image'));

/** The driver asked for; `auto` is docker when an engine answers, and never process when one does. */
export async function chooseDriver(environment: DriverEnvironment): Promise<RuntimeDriver> {
  const { config, logger, clock } = environment;
  if (config.driver === 'process') return processDriver(environment);
  if (config.driver === 'kubernetes') return kubernetesDriver(environment);
  const found = await findEngine(config.dockerHosts, logger);
  if (found === undefined && config.driver === 'auto') {
    const tried = config.dockerHosts;
    logger.warn('no Docker engine answers: start one, or name one in DOCKER_HOST, to isolate agents', {
      tried,
    });
    return processDriver(environment);
  }
  // Without an answer the first address it is: the Executor says so, and goes on when the engine is there.
  const engine = found ?? connectEngine(config.dockerHosts[0] ?? 'unix:///var/run/docker.sock');
  const ports = new PortAllocator({ ...config.ports, clock });
  return new DockerDriver({ ...environment, ...config, ports, engine });
}

async function findEngine(
  addresses: readonly string[],
  logger: Logger,
): Promise<EngineConnection | undefined> {
  for (const address of addresses) {
    const engine = connectEngine(address);
    try {
      await engine.calls.ping();
      return engine;
    } catch (error) {
      // An engine that is there and may not be used is what the user wants to know of.
      const level = ABSENT.has((error as NodeJS.ErrnoException).code ?? '') ? 'debug' : 'warn';
      logger[level]('engine not usable', { cause: describeError(engineError(error, address)) });
    }
  }
  return undefined;
}

/** Loaded for those who ask for it. */
async function kubernetesDriver(environment: DriverEnvironment): Promise<RuntimeDriver> {
  const { config, signal } = environment;
  const { kubernetes: settings, executorName, image } = config;
  const { connectCluster } = await import('./kubernetes/cluster-connection.ts');
  const { KubernetesDriver } = await import('./kubernetes/kubernetes-driver.ts');
  const { loadPodTemplate } = await import('./kubernetes/pod-template.ts');
  const { podTemplate } = settings;
  const template = podTemplate === undefined ? {} : await loadPodTemplate(podTemplate);
  const cluster = await connectCluster(settings);
  signal.addEventListener('abort', () => void cluster.close(), { once: true });
  return new KubernetesDriver({ ...environment, cluster, settings, template, executorName, image });
}

function processDriver({ config, logger, clock }: DriverEnvironment): RuntimeDriver {
  return new ProcessDriver({
    root: executorFolder(config),
    runner: [process.execPath, RUNNER_PROGRAM],
    environment: config.runnerEnvironment,
    ports: new PortAllocator({ ...config.ports, clock }),
    logger,
    clock,
  });
}

function runnerProgram(folder: string): string {
  const bundled = resolve(folder, 'runner.cjs');
  return existsSync(bundled) ? bundled : resolve(folder, 'runner.ts');
}
