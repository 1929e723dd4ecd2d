import type Docker from 'dockerode';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { ignoreNotFound, isStatusError, StatusError } from '#api/machinery/status-error';
import type { PortAllocator } from '../ports/port-allocator.ts';
import { RuntimePorts } from '../ports/runtime-ports.ts';
import type {
  DriverCapabilities,
  EngineState,
  ExecProcess,
  ExecSpec,
  OnProgress,
  Runtime,
  RuntimeDriver,
  RuntimeExit,
  RuntimeSpec,
  RuntimeUsage,
} from '../driver.ts';
import {
  containerOptions,
  engineName,
  LABEL,
  ownedBy,
  runtimeIDOf,
  workspaceMaker,
} from './container-options.ts';
import type { ContainerSettings } from './container-options.ts';
import { execInContainer } from './container-exec.ts';
import { containerUsage } from './container-usage.ts';
import { engineError } from './engine-connection.ts';
import type { EngineConnection } from './engine-connection.ts';
import { ExitWatch } from './exit-watch.ts';
import { CustomImages } from './images/custom-images.ts';
import type { CustomImage } from './images/custom-images.ts';

export interface DockerDriverOptions {
  engine: EngineConnection;
  executorName: string;
  owner: string;
  image: string;
  network: string;
  /** Ports of the engine's host. */
  ports: PortAllocator;
  logger: Logger;
  clock: Clock;
  /** Ends the event stream. */
  signal: AbortSignal;
}

interface ContainerStart {
  spec: RuntimeSpec;
  port: number;
  /** Absent: the image with the runner in it. */
  custom: CustomImage | undefined;
}

/**
 * Said by containerd of a container that was starting when its engine was killed: the engine has forgotten the start. A new
 * container has another id.
 */
const IN_USE = /\bid already in use\b/;

/** The engine publishes ports of its own host, which is another one for a manager that is in a container itself. */
const HINT =
  "an executor manager in a container has to share the network of the engine's host: docker run --network host";

/** Runs each runtime as a container of a Docker engine (20.10 and later), its workspace on a volume of the same name. */
export class DockerDriver implements RuntimeDriver {
  readonly name = 'docker';
  readonly capabilities: DriverCapabilities;
  readonly #options: DockerDriverOptions;
  readonly #exits: ExitWatch;
  readonly #ports: RuntimePorts;
  readonly #images: CustomImages;
  /** Cores of the engine, once they are known. */
  #engineCPUs: number | undefined;

  constructor(options: DockerDriverOptions) {
    this.#options = options;
    this.#exits = new ExitWatch(options);
    this.#ports = new RuntimePorts(options.ports);
    this.#images = new CustomImages({
      ...options,
      ownImage: options.image,
      call: (act) => this.#call(act),
    });
    this.capabilities = {
      isolation: 'container',
      ports: this.#ports.published,
      limits: ['memory', 'cpus', 'pids'],
    };
  }

  async check(): Promise<EngineState> {
    const { engine, image, network } = this.#options;
    try {
      const { Version, Arch: arch, Os: os } = await this.#call((docker) => docker.version());
      await this.#call((docker) => docker.getImage(image).inspect());
      await this.#call((docker) => docker.getNetwork(network).inspect());
      // Asked now, so that no sandbox waits for it.
      await this.#findEngineCPUs();
      const message = `Docker engine ${Version} at ${engine.address} with image ${image}.`;
      return { ready: true, message, platform: { arch, os } };
    } catch (error) {
      const { message } = explainMissing(error, { image, network });
      return { ready: false, message: `${message[0]?.toUpperCase()}${message.slice(1)}.` };
    }
  }

  async start(spec: RuntimeSpec, signal: AbortSignal, onProgress?: OnProgress): Promise<Runtime> {
    // Before it holds a port: a pull may take minutes.
    const custom = await this.#customImage(spec, signal, onProgress);
    const act = {
      start: (port: number) => this.#startOn({ spec, port, custom }),
      undo: () => this.#removeContainer(spec.id),
    };
    return this.#ports.startOn(spec.id, act, signal);
  }

  async list(): Promise<Runtime[]> {
    const filters = JSON.stringify({ label: ownedBy(this.#options) });
    const [containers, { Volumes }] = await Promise.all([
      this.#call((docker) => docker.listContainers({ all: true, filters })),
      this.#call((docker) => docker.listVolumes({ filters })),
    ]);
    const withContainer = containers.map(({ Names, Labels, State }) => {
      const id = runtimeIDOf(Names[0] ?? '');
      const port = Number(Labels[LABEL.port]);
      // Without one it only makes a workspace.
      if (port > 0) this.#ports.adopt(id, port);
      return this.#runtime(id, port, State === 'running' || State === 'paused');
    });
    const names = new Set(withContainer.map(({ name }) => name));
    const others = (Volumes ?? []).filter(({ Name }) => !names.has(Name));
    // Behind the containers, one of which may use it: an older version shared volumes.
    return [...withContainer, ...others.map(({ Name }) => this.#runtime(runtimeIDOf(Name), 0, false))];
  }

  exited(id: string, signal: AbortSignal): Promise<RuntimeExit> {
    return this.#exits.exited(engineName(id), signal);
  }

  async stop(id: string): Promise<void> {
    const name = engineName(id);
    const kill = async (): Promise<void> => {
      await this.#call((docker) => docker.getContainer(name).kill());
      await this.#call((docker) => docker.getContainer(name).wait({ condition: 'not-running' }));
    };
    try {
      await ignoreNotFound(kill());
    } catch (error) {
      // It does not run.
      if (!isStatusError(error, 'Conflict')) throw error;
    }
  }

  pause(id: string): Promise<void> {
    return this.#unlessOver(() => this.#call((docker) => docker.getContainer(engineName(id)).pause()));
  }

  resume(id: string): Promise<void> {
    return this.#unlessOver(async () => {
      const container = this.#options.engine.calls.getContainer(engineName(id));
      const { State } = await this.#call(() => container.inspect());
      if (State.Paused) await this.#call(() => container.unpause());
    });
  }

  /** A container that is gone, or does not run, needs none of it. */
  async #unlessOver(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!isStatusError(error, 'NotFound') && !isStatusError(error, 'Conflict')) throw error;
    }
  }

  exec(id: string, spec: ExecSpec): Promise<ExecProcess> {
    const { engine } = this.#options;
    return execInContainer(engine, engineName(id), spec);
  }

  async usage(): Promise<RuntimeUsage[]> {
    const filters = JSON.stringify({ label: ownedBy(this.#options) });
    const running = await this.#call((docker) => docker.listContainers({ filters }));
    const samples = running.map(({ Id, Names }) =>
      // One that has just ended has used what it has used.
      ignoreNotFound(
        this.#call((docker) => containerUsage(docker.getContainer(Id), runtimeIDOf(Names[0] ?? ''))),
      ),
    );
    return (await Promise.all(samples)).filter((sample) => sample !== undefined);
  }

  async remove(id: string): Promise<void> {
    await this.#removeContainer(id);
    await ignoreNotFound(this.#call((docker) => docker.getVolume(engineName(id)).remove()));
    this.#ports.release(id);
  }

  /** The result of a call to the engine, its failure translated. */
  async #call<T>(act: (docker: Docker) => Promise<T>): Promise<T> {
    const { engine } = this.#options;
    try {
      return await act(engine.calls);
    } catch (error) {
      throw engineError(error, engine.address);
    }
  }

  async #findEngineCPUs(): Promise<number> {
    this.#engineCPUs ??= ((await this.#call((docker) => docker.info())) as { NCPU: number }).NCPU;
    return this.#engineCPUs;
  }

  async #customImage(
    { image, registryCredential }: RuntimeSpec,
    signal: AbortSignal,
    onProgress: OnProgress = () => undefined,
  ): Promise<CustomImage | undefined> {
    if (image === undefined || image === this.#options.image) return undefined;
    return this.#images.prepare({ name: image, registryCredential }, signal, onProgress);
  }

  async #startOn(start: ContainerStart, isSecond = false): Promise<Runtime> {
    const { spec, port } = start;
    const container = await this.#create(start);
    try {
      await this.#call((docker) => docker.getContainer(container).start());
    } catch (error) {
      if (!isSecond && IN_USE.test((error as Error).message)) {
        await this.#removeContainer(spec.id);
        return this.#startOn(start, true);
      }
      // 304: it runs already.
      if ((error as { cause?: { statusCode?: number } }).cause?.statusCode !== 304) throw error;
    }
    return this.#runtime(spec.id, port, true);
  }

  /** The container's id in the engine. */
  async #create({ spec, port, custom }: ContainerStart): Promise<string> {
    const settings = await this.#settings(custom);
    const options = containerOptions({ ...spec, port }, settings);
    try {
      if (custom !== undefined) await this.#makeWorkspace(spec.id);
      return (await this.#call((docker) => docker.createContainer(options))).id;
    } catch (error) {
      // The name is the runtime's: it was there before, or an earlier call whose answer was lost has made it.
      if (!isStatusError(error, 'Conflict')) throw explainMissing(error, settings);
      const found = await this.#call((docker) => docker.getContainer(options.name).inspect());
      if (found.Config.Labels[LABEL.port] === String(port)) return found.Id;
    }
    // Another one has its port by now; the workspace is on the volume.
    await this.#removeContainer(spec.id);
    return this.#create({ spec, port, custom });
  }

  async #settings(custom: CustomImage | undefined): Promise<ContainerSettings> {
    const engineCPUs = await this.#findEngineCPUs();
    const { engine, executorName, owner, image, network } = this.#options;
    const { publishHost } = engine;
    const settings = { executorName, owner, image, network, publishHost, engineCPUs };
    return custom === undefined ? settings : { ...settings, custom };
  }

  async #makeWorkspace(id: string): Promise<void> {
    const options = workspaceMaker({ id }, await this.#settings(undefined));
    const { id: maker } = await this.#call((docker) => docker.createContainer(options));
    await ignoreNotFound(this.#call((docker) => docker.getContainer(maker).remove()));
  }

  #runtime(id: string, port: number, running: boolean): Runtime {
    const name = engineName(id);
    const address = { host: this.#options.engine.host, port, hint: HINT };
    return { id, name, address, running, outOfMemory: this.#exits.isOutOfMemory(name) };
  }

  async #removeContainer(id: string): Promise<void> {
    const name = engineName(id);
    for (;;) {
      try {
        const options = { force: true, v: true };
        await ignoreNotFound(this.#call((docker) => docker.getContainer(name).remove(options)));
        return;
      } catch (error) {
        // Somebody else removes it: it counts when it is gone.
        if (!isStatusError(error, 'Conflict')) throw error;
      }
      await this.#call((docker) => docker.getContainer(name).wait({ condition: 'removed' })).catch(
        () => undefined,
      );
    }
  }
}

function explainMissing(error: unknown, { image, network }: { image: string; network: string }): Error {
  if (!isStatusError(error, 'NotFound')) return error as Error;
  const options = { cause: error };
  if (/no such image/i.test(error.message)) {
    const how = 'run `make image`, or pull one and name it in EXECUTOR_IMAGE';
    return new StatusError('NotFound', `the engine has no image ${image}: ${how}`, options);
  }
  if (!/network .*not found/i.test(error.message)) return error;
  const how = `run \`docker network create ${network}\`, or name another one in NETWORK`;
  return new StatusError('NotFound', `the engine has no network ${network}: ${how}`, options);
}
