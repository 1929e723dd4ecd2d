import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { RUNNER_ENV } from '../../protocol/runner-environment.ts';
import { REMOVED } from '../driver.ts';
import type {
  DriverCapabilities,
  EngineState,
  Platform,
  Runtime,
  RuntimeDriver,
  RuntimeExit,
  RuntimeSpec,
} from '../driver.ts';
import type { PortAllocator } from '../ports/port-allocator.ts';
import { RuntimePorts } from '../ports/runtime-ports.ts';
import { endProcesses, isAlive, livingProcesses } from './end-processes.ts';
import { removeOlderVersion } from './older-version.ts';
import { signalTree, startTime } from './process-table.ts';
import { RuntimeFolders } from './runtime-folders.ts';
import type { ProcessRecord } from './runtime-folders.ts';

export interface ProcessDriverOptions {
  /** Folder for all of it. */
  root: string;
  /** Program and arguments of the runner. */
  runner: readonly [string, ...string[]];
  /** What the runner gets beside its settings. */
  environment: Readonly<Record<string, string>>;
  /** Ports of this machine. */
  ports: PortAllocator;
  logger: Logger;
  clock: Clock;
}

/** As Go calls them, and with it kubelets and Docker engines. */
const GO_ARCH: Partial<Record<string, string>> = { x64: 'amd64', ia32: '386' };
const GO_OS: Partial<Record<string, string>> = { win32: 'windows' };
const THIS_MACHINE: Platform = {
  arch: GO_ARCH[process.arch] ?? process.arch,
  os: GO_OS[process.platform] ?? process.platform,
};

/** A process that is not our child can only be asked for. */
const LOOK_MS = 250;

/**
 * Runs each runtime as a process of this machine, for trying things where there is no container engine.
 * It isolates nothing: the agent can do what the user who runs it can do.
 */
export class ProcessDriver implements RuntimeDriver {
  readonly name = 'process';
  readonly capabilities: DriverCapabilities;
  readonly #options: ProcessDriverOptions;
  readonly #folders: RuntimeFolders;
  readonly #ports: RuntimePorts;
  /** Runners that are our own children, by runtime id. */
  readonly #children = new Map<string, ChildProcess>();

  constructor(options: ProcessDriverOptions) {
    this.#options = options;
    this.#folders = new RuntimeFolders(options.root);
    this.#ports = new RuntimePorts(options.ports);
    this.capabilities = { isolation: 'none', ports: this.#ports.published, limits: [] };
    options.logger.warn(
      'the process driver isolates nothing: agents run with all rights of this user on this machine',
    );
  }

  check(): Promise<EngineState> {
    const message = 'Local processes; nothing is isolated.';
    return Promise.resolve({ ready: true, message, platform: THIS_MACHINE });
  }

  async start(spec: RuntimeSpec, signal: AbortSignal): Promise<Runtime> {
    const existing = await this.#folders.load(spec.id);
    if (existing !== undefined && (await isAlive(existing))) return toRuntime(existing, true);
    const act = { start: (port: number) => this.#startOn(spec, port), undo: () => Promise.resolve() };
    return this.#ports.startOn(spec.id, act, signal);
  }

  async list(): Promise<Runtime[]> {
    await removeOlderVersion(this.#options.root, this.#options.clock);
    const records = await this.#folders.loadAll();
    return Promise.all(
      records.map(async (record) => {
        if (record.port > 0) this.#ports.adopt(record.id, record.port);
        return toRuntime(record, await isAlive(record));
      }),
    );
  }

  async exited(id: string, signal: AbortSignal): Promise<RuntimeExit> {
    const child = this.#children.get(id);
    if (child !== undefined) {
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
      return { how: describeExit(child), outOfMemory: false };
    }
    for (;;) {
      const record = await this.#folders.load(id);
      if (record === undefined) return { how: REMOVED, outOfMemory: false };
      if (!(await isAlive(record))) return { how: 'ended', outOfMemory: false };
      await sleep(this.#options.clock, LOOK_MS, signal);
    }
  }

  async stop(id: string): Promise<void> {
    const record = await this.#folders.load(id);
    await endProcesses({ record, state: this.#folders.state(id), clock: this.#options.clock });
    this.#children.delete(id);
  }

  /** Until there is no further one: a process may have started another one while it was looked for. */
  async pause(id: string): Promise<void> {
    const told = new Set<number>();
    for (;;) {
      const further = (await this.#processesOf(id)).filter((pid) => !told.has(pid));
      if (further.length === 0) return;
      for (const pid of further) {
        signalTree(pid, 'SIGSTOP');
        told.add(pid);
      }
    }
  }

  async resume(id: string): Promise<void> {
    for (const pid of await this.#processesOf(id)) signalTree(pid, 'SIGCONT');
  }

  async #processesOf(id: string): Promise<number[]> {
    return livingProcesses({ record: await this.#folders.load(id), state: this.#folders.state(id) });
  }

  async remove(id: string): Promise<void> {
    await this.stop(id);
    // Nothing listens now, whatever happens to the files.
    this.#ports.release(id);
    await this.#folders.discard(id);
  }

  async #startOn(spec: RuntimeSpec, port: number): Promise<Runtime> {
    const { id } = spec;
    // Held since its last run, and free then: somebody else may have taken it meanwhile.
    if (!(await this.#options.ports.isFree(port))) throw portInUse(port);
    await this.#folders.prepare(id);
    await this.#folders.save({ id, port });
    const child = await this.#launch(spec, port);
    const pid = child.pid ?? 0;
    this.#children.set(id, child);
    const began = await startTime(pid);
    const started = { id, port, pid, ...(began === undefined ? {} : { startTime: began }) };
    await this.#folders.save(started);
    return toRuntime(started, true);
  }

  async #launch({ id, tokenHash }: RuntimeSpec, port: number): Promise<ChildProcess> {
    const [program, ...args] = this.#options.runner;
    const state = this.#folders.state(id);
    const log = await open(join(state, 'runner.log'), 'a', 0o600);
    const settings = {
      [RUNNER_ENV.port]: String(port),
      [RUNNER_ENV.host]: '127.0.0.1',
      [RUNNER_ENV.tokenHash]: tokenHash,
      [RUNNER_ENV.workspace]: this.#folders.workspace(id),
      [RUNNER_ENV.state]: state,
    };
    try {
      const child = spawn(program, args, {
        cwd: state,
        // A group of its own: it outlives us, and goes as a whole.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...this.#options.environment, ...settings },
      });
      await once(child, 'spawn');
      child.unref();
      return child;
    } catch (error) {
      const text = `the runner cannot be started: ${(error as Error).message}`;
      throw new StatusError('BadRequest', text, { cause: error });
    } finally {
      await log.close();
    }
  }
}

function toRuntime({ id, pid = 0, port }: ProcessRecord, running: boolean): Runtime {
  return { id, name: `pid/${pid}`, address: { host: '127.0.0.1', port }, running };
}

function describeExit(child: ChildProcess): string {
  return child.signalCode === null
    ? `exited with code ${child.exitCode}`
    : `was killed by the signal ${child.signalCode}`;
}

function portInUse(port: number): StatusError {
  return new StatusError('Conflict', `port ${port} is in use`);
}
