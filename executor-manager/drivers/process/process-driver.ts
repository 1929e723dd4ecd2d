import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';
import { RUNNER_ENV } from '../../protocol/run.ts';
import type { Runtime, RuntimeExit, RuntimeSpec, SandboxDriver } from '../driver.ts';
import { processesNaming, signalTree, startTime } from './process-table.ts';
import { createSandboxFolders, listVolumeFolders, removeVolumeFolder } from './sandbox-folder.ts';
import type { ProcessRecord, SandboxFolders } from './sandbox-folder.ts';

export interface ProcessDriverOptions {
  /** Folder for all of it. */
  root: string;
  /** Program and arguments of the runner. */
  runner: readonly [string, ...string[]];
  /** What the runner gets beside its settings. */
  environment: Readonly<Record<string, string>>;
  logger: Logger;
  clock: Clock;
}

/** A process that is not our child can only be asked for. */
const LOOK_MS = 250;
/** How long a runner may take to end its agent in order. */
const PATIENCE_MS = 1000;

/**
 * Runs each sandbox as a process of this machine, for trying things where there is no container engine.
 * It isolates nothing: the agent can do what the user who runs it can do.
 */
export function createProcessDriver(options: ProcessDriverOptions): SandboxDriver {
  const { root } = options;
  const self: Self = { options, folders: createSandboxFolders(root), children: new Map() };
  options.logger.warn(
    'the process driver isolates nothing: agents run with all rights of this user on this machine',
  );
  return {
    kind: 'process',
    isolation: 'none',
    check: () => Promise.resolve({ ready: true, message: 'Local processes; nothing is isolated.' }),
    start: (spec) => start(self, spec),
    async list() {
      const records = await self.folders.loadAll();
      return Promise.all(records.map(async (record) => toRuntime(record, await isAlive(record))));
    },
    exited: (runtime, signal) => exited(self, runtime.sandboxUID, signal),
    remove: (uid) => remove(self, uid),
    listVolumes: () => listVolumeFolders(root),
    removeVolume: (taskUID) => removeVolumeFolder(root, taskUID),
  };
}

interface Self {
  options: ProcessDriverOptions;
  folders: SandboxFolders;
  /** Runners that are our own children, by sandbox uid. */
  children: Map<string, ChildProcess>;
}

async function start(self: Self, spec: RuntimeSpec): Promise<Runtime> {
  const { folders } = self;
  const { uid } = spec.sandbox;
  const existing = await folders.load(uid);
  if (existing !== undefined && (await isAlive(existing))) return toRuntime(existing, true);
  await folders.prepare(spec);
  const record = { sandboxUID: uid, taskUID: spec.task.uid, port: spec.port };
  await folders.save(record);
  const child = await launch(self, spec);
  const pid = child.pid ?? 0;
  self.children.set(uid, child);
  const began = await startTime(pid);
  const started = { ...record, pid, ...(began === undefined ? {} : { startTime: began }) };
  await folders.save(started);
  return toRuntime(started, true);
}

async function launch({ options, folders }: Self, spec: RuntimeSpec): Promise<ChildProcess> {
  const [program, ...args] = options.runner;
  const state = folders.state(spec.sandbox.uid);
  const log = await open(join(state, 'runner.log'), 'a', 0o600);
  try {
    const child = spawn(program, args, {
      cwd: state,
      // A group of its own: it outlives us, and goes as a whole.
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { ...options.environment, ...runnerEnvironment(spec, folders) },
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

async function exited(self: Self, uid: string, signal: AbortSignal): Promise<RuntimeExit> {
  const child = self.children.get(uid);
  if (child !== undefined) {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit', { signal });
    return { how: describeExit(child), outOfMemory: false };
  }
  for (;;) {
    const record = await self.folders.load(uid);
    if (record === undefined) return { how: 'was removed', outOfMemory: false };
    if (!(await isAlive(record))) return { how: 'ended', outOfMemory: false };
    await sleep(self.options.clock, LOOK_MS, signal);
  }
}

async function remove({ options, folders, children }: Self, uid: string): Promise<void> {
  await endProcesses({
    record: await folders.load(uid),
    state: folders.state(uid),
    clock: options.clock,
  });
  children.delete(uid);
  await folders.discard(uid);
}

function runnerEnvironment(
  spec: RuntimeSpec,
  folders: { state(uid: string): string; workspace(uid: string): string },
): Record<string, string> {
  return {
    [RUNNER_ENV.port]: String(spec.port),
    [RUNNER_ENV.host]: '127.0.0.1',
    [RUNNER_ENV.tokenHash]: spec.tokenHash,
    [RUNNER_ENV.workspace]: folders.workspace(spec.task.uid),
    [RUNNER_ENV.state]: folders.state(spec.sandbox.uid),
  };
}

function toRuntime(record: ProcessRecord, running: boolean): Runtime {
  return {
    id: `pid/${record.pid ?? 0}`,
    sandboxUID: record.sandboxUID,
    taskUID: record.taskUID,
    address: { host: '127.0.0.1', port: record.port },
    running,
  };
}

async function isAlive(record: ProcessRecord): Promise<boolean> {
  if (record.pid === undefined || record.startTime === undefined) return false;
  return (await startTime(record.pid)) === record.startTime;
}

function describeExit(child: ChildProcess): string {
  return child.signalCode === null
    ? `exited with code ${child.exitCode}`
    : `was killed by the signal ${child.signalCode}`;
}

interface Remains {
  record: ProcessRecord | undefined;
  state: string;
  clock: Clock;
}

/** Ends the runner and all that it or its agent has started; resolves when none of them is left. */
async function endProcesses(remains: Remains): Promise<void> {
  const began = remains.clock.now();
  const told = new Set<number>();
  for (;;) {
    const pids = await livingProcesses(remains);
    if (pids.length === 0) return;
    const late = remains.clock.now() - began > PATIENCE_MS;
    for (const pid of pids) {
      if (late) signalTree(pid, 'SIGKILL');
      else if (!told.has(pid)) signalTree(pid, 'SIGTERM');
      told.add(pid);
    }
    await sleep(remains.clock, 10);
  }
}

async function livingProcesses({ record, state }: Remains): Promise<number[]> {
  const pids = new Set<number>();
  for (const pid of await processesNaming(state)) {
    if ((await startTime(pid)) !== undefined) pids.add(pid);
  }
  if (record?.pid !== undefined && (await isAlive(record))) pids.add(record.pid);
  return [...pids];
}
