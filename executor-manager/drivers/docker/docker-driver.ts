import type Docker from 'dockerode';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { EngineState, Runtime, RuntimeSpec, SandboxDriver, TaskVolume } from '../driver.ts';
import { containerName, containerOptions, LABEL, volumeName } from './container-options.ts';
import { type EngineConnection, engineError } from './engine-connection.ts';
import { createExitWatch } from './exit-watch.ts';

export interface DockerDriverOptions {
  engine: EngineConnection;
  executorName: string;
  image: string;
  network: string;
  logger: Logger;
  clock: Clock;
  /** Ends the event stream. */
  signal: AbortSignal;
}

/** Runs each sandbox as a container of a Docker engine (20.10 and later). */
export function createDockerDriver(options: DockerDriverOptions): SandboxDriver {
  const { engine, executorName } = options;
  const docker = engine.calls;
  const exits = createExitWatch(options);
  const owned = { label: [`${LABEL.executor}=${executorName}`] };
  let engineCPUs: number | undefined;

  /** The call's result, its failure translated. */
  async function call<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw engineError(error, engine.address);
    }
  }

  async function create(spec: RuntimeSpec): Promise<string> {
    engineCPUs ??= ((await call(() => docker.info())) as { NCPU: number }).NCPU;
    const { publishHost } = engine;
    const settings = containerOptions(spec, { ...options, publishHost, engineCPUs });
    try {
      return (await call(() => docker.createContainer(settings))).id;
    } catch (error) {
      // The name is the sandbox's: an earlier call whose answer was lost has made it.
      if (!isStatusError(error, 'Conflict')) throw explainMissingImage(error, settings.Image ?? '');
      return (await call(() => docker.getContainer(settings.name).inspect())).Id;
    }
  }

  async function start(spec: RuntimeSpec): Promise<Runtime> {
    const id = await create(spec);
    try {
      await call(() => docker.getContainer(id).start());
    } catch (error) {
      // 304: it runs already.
      if ((error as { cause?: { statusCode?: number } }).cause?.statusCode !== 304) throw error;
    }
    return {
      id,
      sandboxUID: spec.sandbox.uid,
      taskUID: spec.task.uid,
      address: { host: engine.host, port: spec.port },
      running: true,
    };
  }

  async function remove(sandboxUID: string): Promise<void> {
    const container = docker.getContainer(containerName(sandboxUID));
    for (;;) {
      try {
        await call(() => container.remove({ force: true, v: true }));
        return;
      } catch (error) {
        if (isStatusError(error, 'NotFound')) return;
        // Somebody else removes it: it counts when it is gone.
        if (!isStatusError(error, 'Conflict')) throw error;
        await call(() => container.wait({ condition: 'removed' })).catch(() => undefined);
      }
    }
  }

  async function listVolumes(): Promise<TaskVolume[]> {
    const { Volumes } = await call(() => docker.listVolumes({ filters: JSON.stringify(owned) }));
    return (Volumes ?? []).flatMap(({ Labels }) => {
      const [namespace, name] = (Labels?.[LABEL.task] ?? '').split('/');
      const taskUID = Labels?.[LABEL.taskUID];
      return taskUID === undefined || !namespace || !name ? [] : [{ taskUID, task: { namespace, name } }];
    });
  }

  async function removeVolume(taskUID: string): Promise<void> {
    try {
      await call(() => docker.getVolume(volumeName(taskUID)).remove());
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }

  return {
    kind: 'docker',
    isolation: 'container',
    check: () => check(engine, options.image),
    start,
    async list() {
      const all = await call(() => docker.listContainers({ all: true, filters: JSON.stringify(owned) }));
      return all.map((info) => ({
        ...describe(info, engine.host),
        outOfMemory: exits.isOutOfMemory(info.Id),
      }));
    },
    exited: (runtime, signal) => exits.exited(runtime.id, signal),
    remove,
    listVolumes,
    removeVolume,
  };
}

async function check(engine: EngineConnection, image: string): Promise<EngineState> {
  try {
    const { Version } = await engine.calls.version();
    await engine.calls.getImage(image).inspect();
    return { ready: true, message: `Docker engine ${Version} at ${engine.address} with image ${image}.` };
  } catch (error) {
    const { message } = explainMissingImage(engineError(error, engine.address), image) as Error;
    return { ready: false, message: `${message[0]?.toUpperCase()}${message.slice(1)}.` };
  }
}

function explainMissingImage(error: unknown, image: string): unknown {
  if (!isStatusError(error, 'NotFound') || !/no such image/i.test(error.message)) return error;
  const how = `run \`make image\`, or pull it and name it in EXECUTOR_IMAGE`;
  return new StatusError('NotFound', `the engine has no image ${image}: ${how}`, { cause: error });
}

function describe(info: Docker.ContainerInfo, host: string): Runtime {
  return {
    id: info.Id,
    sandboxUID: info.Labels[LABEL.sandboxUID] ?? '',
    taskUID: info.Labels[LABEL.taskUID] ?? '',
    address: { host, port: Number(info.Labels[LABEL.port]) },
    running: info.State === 'running',
  };
}
