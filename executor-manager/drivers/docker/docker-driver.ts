import type Docker from 'dockerode';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { EngineState, Runtime, RuntimeSpec, SandboxDriver, TaskVolume } from '../driver.ts';
import { containerName, containerOptions, LABEL, ownedBy, volumeName } from './container-options.ts';
import { engineError } from './engine-connection.ts';
import type { EngineConnection } from './engine-connection.ts';
import { createExitWatch } from './exit-watch.ts';
import type { ExitWatch } from './exit-watch.ts';

export interface DockerDriverOptions {
  engine: EngineConnection;
  executorName: string;
  owner: string;
  image: string;
  network: string;
  logger: Logger;
  clock: Clock;
  /** Ends the event stream. */
  signal: AbortSignal;
}

/** Runs each sandbox as a container of a Docker engine (20.10 and later). */
export function createDockerDriver(options: DockerDriverOptions): SandboxDriver {
  const self: Self = { options, exits: createExitWatch(options), engineCPUs: undefined };
  return {
    kind: 'docker',
    isolation: 'container',
    check: () => check(self),
    start: (spec) => start(self, spec),
    list: () => list(self),
    exited: (runtime, signal) => self.exits.exited(runtime.id, signal),
    remove: (sandboxUID) => remove(self, sandboxUID),
    listVolumes: () => listVolumes(self),
    removeVolume: (taskUID) => removeVolume(self, taskUID),
  };
}

interface Self {
  options: DockerDriverOptions;
  exits: ExitWatch;
  /** Cores of the engine, once they are known. */
  engineCPUs: number | undefined;
}

/** The result of a call to the engine, its failure translated. */
async function call<T>({ options }: Self, act: (docker: Docker) => Promise<T>): Promise<T> {
  try {
    return await act(options.engine.calls);
  } catch (error) {
    throw engineError(error, options.engine.address);
  }
}

/** What this executor has made, as a filter of the engine's lists. */
function owned({ options }: Self): string {
  return JSON.stringify({ label: ownedBy(options) });
}

async function findEngineCPUs(self: Self): Promise<number> {
  self.engineCPUs ??= ((await call(self, (docker) => docker.info())) as { NCPU: number }).NCPU;
  return self.engineCPUs;
}

async function create(self: Self, spec: RuntimeSpec): Promise<string> {
  const { options } = self;
  const engineCPUs = await findEngineCPUs(self);
  const { publishHost } = options.engine;
  const settings = containerOptions(spec, { ...options, publishHost, engineCPUs });
  try {
    return (await call(self, (docker) => docker.createContainer(settings))).id;
  } catch (error) {
    // The name is the sandbox's: an earlier call whose answer was lost has made it.
    if (!isStatusError(error, 'Conflict')) throw explainMissingImage(error, settings.Image ?? '');
    return (await call(self, (docker) => docker.getContainer(settings.name).inspect())).Id;
  }
}

async function start(self: Self, spec: RuntimeSpec): Promise<Runtime> {
  const id = await create(self, spec);
  try {
    await call(self, (docker) => docker.getContainer(id).start());
  } catch (error) {
    // 304: it runs already.
    if ((error as { cause?: { statusCode?: number } }).cause?.statusCode !== 304) throw error;
  }
  return {
    id,
    sandboxUID: spec.sandbox.uid,
    taskUID: spec.task.uid,
    address: { host: self.options.engine.host, port: spec.port },
    running: true,
  };
}

async function list(self: Self): Promise<Runtime[]> {
  const all = await call(self, (docker) => docker.listContainers({ all: true, filters: owned(self) }));
  return all.map((info) => describe(self, info));
}

function describe({ options, exits }: Self, info: Docker.ContainerInfo): Runtime {
  return {
    id: info.Id,
    sandboxUID: info.Labels[LABEL.sandboxUID] ?? '',
    taskUID: info.Labels[LABEL.taskUID] ?? '',
    address: { host: options.engine.host, port: Number(info.Labels[LABEL.port]) },
    running: info.State === 'running',
    outOfMemory: exits.isOutOfMemory(info.Id),
  };
}

async function remove(self: Self, sandboxUID: string): Promise<void> {
  const name = containerName(sandboxUID);
  for (;;) {
    try {
      await call(self, (docker) => docker.getContainer(name).remove({ force: true, v: true }));
      return;
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return;
      // Somebody else removes it: it counts when it is gone.
      if (!isStatusError(error, 'Conflict')) throw error;
    }
    await call(self, (docker) => docker.getContainer(name).wait({ condition: 'removed' })).catch(
      () => undefined,
    );
  }
}

async function listVolumes(self: Self): Promise<TaskVolume[]> {
  const { Volumes } = await call(self, (docker) => docker.listVolumes({ filters: owned(self) }));
  return (Volumes ?? []).flatMap(({ Labels }) => {
    const [namespace, name] = (Labels?.[LABEL.task] ?? '').split('/');
    const taskUID = Labels?.[LABEL.taskUID];
    return taskUID === undefined || !namespace || !name ? [] : [{ taskUID, task: { namespace, name } }];
  });
}

async function removeVolume(self: Self, taskUID: string): Promise<void> {
  try {
    await call(self, (docker) => docker.getVolume(volumeName(taskUID)).remove());
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) throw error;
  }
}

async function check(self: Self): Promise<EngineState> {
  const { engine, image } = self.options;
  try {
    const { Version } = await call(self, (docker) => docker.version());
    await call(self, (docker) => docker.getImage(image).inspect());
    // Asked now, so that no sandbox waits for it.
    await findEngineCPUs(self);
    return { ready: true, message: `Docker engine ${Version} at ${engine.address} with image ${image}.` };
  } catch (error) {
    const { message } = explainMissingImage(error, image);
    return { ready: false, message: `${message[0]?.toUpperCase()}${message.slice(1)}.` };
  }
}

function explainMissingImage(error: unknown, image: string): Error {
  if (!isStatusError(error, 'NotFound') || !/no such image/i.test(error.message)) return error as Error;
  const how = 'run `make image`, or pull one and name it in EXECUTOR_IMAGE';
  return new StatusError('NotFound', `the engine has no image ${image}: ${how}`, { cause: error });
}
