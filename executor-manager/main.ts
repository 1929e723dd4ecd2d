import { join } from 'node:path';
import type { Client } from '#api/client/client';
import { runReflector } from '#api/client/reflector';
import type { Transport } from '#api/client/transport';
import type { TaskLogClient } from '#api/client/task-log';
import { systemClock } from '#api/machinery/clock';
import type { Clock, SteadyClock } from '#api/machinery/clock';
import type { ProcessHealth } from '#api/machinery/health-check';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { Meter } from '#api/machinery/meter';
import { silentTracer } from '#api/machinery/tracing/tracer';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { VERSION } from '#api/machinery/version';
import { executorNotReady } from '#api/types/executor';
import { SANDBOXES } from '#api/types/resources';
import type { Endpoint } from '#guarded-client/address-guard';
import { executorFolder } from './config.ts';
import type { ExecutorManagerConfig } from './config.ts';
import { chooseDriver } from './drivers/choose-driver.ts';
import type { DriverCapabilities, RuntimeDriver } from './drivers/driver.ts';
import { executorFigures, showSandboxes } from './executor/executor-figures.ts';
import type { ExecutorFiguresOptions } from './executor/executor-figures.ts';
import { startFence } from './executor/fence.ts';
import type { Fence } from './executor/fence.ts';
import { showResources } from './executor/resource-figures.ts';
import { lockExecutor } from './executor/executor-lock.ts';
import { startHeartbeat } from './executor/heartbeat.ts';
import type { Heartbeat } from './executor/heartbeat.ts';
import { reportExecutor } from './executor/registration.ts';
import type { ExecutorFacts, RegistrationOptions } from './executor/registration.ts';
import { forwarderFigures } from './model-forwarder/forwarder-figures.ts';
import { foundTaskLog } from './local-log/found-task-log.ts';
import { LocalTaskLogs } from './local-log/local-task-logs.ts';
import { LogTails } from './local-log/log-tails.ts';
import { ModelForwarder } from './model-forwarder/model-forwarder.ts';
import { createNodeTurns } from './places/node-turns.ts';
import { RunnerClients } from './run/runner-clients.ts';
import { capacityOf, conversationUser, createHosts, portCount } from './runtime/create-hosts.ts';
import type { RuntimeHosts } from './runtime/runtime-host.ts';
import type { RuntimeSource } from './runtime/runtime-source.ts';
import { retryUntilDone } from './retry.ts';
import { createTokenMaker, loadExecutorKey, ownerID } from './runtime/runtime-token.ts';
import type { RuntimeToken } from './runtime/runtime-token.ts';
import { DEFAULT_TIMES } from './sandbox/context.ts';
import type { ExecutorContext, SandboxTimes } from './sandbox/context.ts';
import { Supervisor } from './sandbox/supervisor.ts';
import { runSweeps } from './sandbox/sweep.ts';
import { keepExecutorTunnels } from './streams/executor-tunnel.ts';
import { createPodStreams } from './streams/pod-streams.ts';
import { SkillStore } from './skills/skill-store.ts';
import { Saves } from './work/saves.ts';
import { WorkStore } from './work/work-store.ts';

export interface ExecutorManagerOptions {
  client: Client;
  taskLog: Pick<TaskLogClient, 'append' | 'read'>;
  /**
   * Whether the server has event logs of Tasks and connections to sandboxes; rejects while it is away. Where it has none,
   * each executor keeps the logs of its own runs. Absent: it has.
   */
  hasTaskLog?: () => Promise<boolean>;
  /** For exec, attach and port-forward; absent: there are none. */
  tunnelTo?: Pick<Transport, 'upgrade'>;
  config: ExecutorManagerConfig;
  logger: Logger;
  clock?: SteadyClock;
  times?: Partial<SandboxTimes>;
  meter?: Meter;
  tracer?: Tracer;
  /** Absent: as the configuration says. */
  driver?: RuntimeDriver;
  /** Where the control plane listens: no Model, and no MCP server of a conversation, leads there. */
  controlPlane?: readonly Endpoint[];
  /** Where the runtimes of sandboxes come from; absent: one is started for each run. */
  runtimes?: (tokenFor: (runtimeID: string) => RuntimeToken) => RuntimeSource;
}

export interface ExecutorManager {
  readonly isolation: DriverCapabilities['isolation'];
  readonly health: ProcessHealth;
  /** Leaves running sandboxes alone: the next start adopts them. */
  stop(): Promise<void>;
}

/** How long a stop waits for what is under way: an engine may take its time to start a container. */
const STOP_MS = 10_000;

/**
 * Starts one executor: registers it and runs the Sandboxes that are bound to it. Resolves when the Executor was
 * reported once, or at once when the API is away; goes on by itself whatever is away.
 * @throws StatusError when the data folder cannot be used, another manager runs this executor, or DOCKER_HOST cannot be
 * understood.
 */
export async function startExecutorManager(options: ExecutorManagerOptions): Promise<ExecutorManager> {
  const { config } = options;
  using stack = new DisposableStack();
  stack.use(lockExecutor({ folder: executorFolder(config), name: config.executorName }));
  const manager = await startHolding(options);
  const held = stack.move();
  return {
    ...manager,
    async stop() {
      await manager.stop();
      held.dispose();
    },
  };
}

/** As startExecutorManager, by whoever holds the executor. */
async function startHolding(options: ExecutorManagerOptions): Promise<ExecutorManager> {
  const clock = options.clock ?? systemClock;
  const { config, logger } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const key = await loadExecutorKey(config.dataDir);
  const driver =
    options.driver ?? (await chooseDriver({ config, owner: ownerID(key), logger, clock, signal }));
  const context = createContext({ ...options, clock, driver, key, signal });
  await context.work.removeUnfinished().catch((error: unknown) => {
    logger.warn('cannot remove work that is half written', { cause: describeError(error) });
  });
  const supervisor = new Supervisor(context, signal);
  showSandboxes(options.meter ?? silentMeter, (phase) => supervisor.count(phase));
  const registration = {
    client: options.client,
    facts: executorFacts(config, driver),
    running: () => ({
      sandboxes: context.hosts.sandboxes.gate.taken(),
      conversations: context.hosts.conversations?.gate.taken() ?? 0,
    }),
    clock,
  };
  const { heartbeat, fence } = startReporting({ ...options, clock, driver, signal }, registration);
  const fieldSelector = `spec.executorName=${config.executorName}`;
  const reflecting = runReflector({
    ...{ client: options.client, type: SANDBOXES, target: supervisor },
    ...{ fieldSelector, signal, logger, clock },
  });
  const sampling = showResources({ driver, meter: options.meter ?? silentMeter, clock, logger });
  const sweeping = runSweeps(context, supervisor, signal);
  const streaming = serveStreams(options, { context, supervisor, signal });
  await firstReport(heartbeat, clock);
  return {
    isolation: driver.capabilities.isolation,
    health: heartbeat.health,
    async stop() {
      ending.abort(new Error('the executor manager stops'));
      const background = [heartbeat.done, fence.done, reflecting, sweeping, streaming, sampling.stop()];
      const all = Promise.allSettled([supervisor.stop(), ...background]);
      await Promise.race([all, new Promise<void>((resolve) => clock.after(STOP_MS, resolve))]);
      await context.models.close();
      const ready = executorNotReady('Stopped', 'The executor manager was stopped; its sandboxes run on.');
      await reportExecutor(registration, { ready }).catch((error: unknown) =>
        logger.warn('the stop was not reported', { cause: describeError(error) }),
      );
    },
  };
}

type Reporting = ExecutorManagerOptions & Pick<ContextOptions, 'clock' | 'driver' | 'signal'>;

/** The heartbeat, and the fence that stands while nobody hears it. */
function startReporting(
  { client, config, clock, driver, logger, signal }: Reporting,
  registration: RegistrationOptions,
): { heartbeat: Heartbeat; fence: Fence } {
  const fence = startFence({
    ...{ client, executorName: config.executorName, driver, clock, logger, signal },
    afterMs: config.heartbeat.lostAfterSeconds * 1000,
  });
  const heartbeat = startHeartbeat({
    ...{ ...registration, labels: config.labels, logger, signal },
    reporting: () => fence.reporting(),
    onRefused: () => fence.refused(),
    check: () => driver.check(),
  });
  return { heartbeat, fence };
}

interface Streaming {
  context: ExecutorContext;
  supervisor: Supervisor;
  signal: AbortSignal;
}

async function serveStreams(
  { tunnelTo: api, hasTaskLog = async () => true }: ExecutorManagerOptions,
  { context, supervisor, signal }: Streaming,
): Promise<void> {
  if (api === undefined) return;
  const { clock, logger } = context;
  const what = 'find out whether the server has connections to sandboxes';
  if (!(await retryUntilDone(hasTaskLog, { clock, logger, signal, what, isCurable: () => true }))) return;
  const find = (namespace: string, name: string) => supervisor.find(namespace, name);
  await keepExecutorTunnels({ ...context, api, signal, onStream: createPodStreams({ ...context, find }) });
}

interface ContextOptions extends ExecutorManagerOptions {
  clock: SteadyClock;
  driver: RuntimeDriver;
  key: Buffer;
  signal: AbortSignal;
}

function createContext(options: ContextOptions): ExecutorContext {
  const { client, config, logger, clock, tracer = silentTracer } = options;
  const logs = taskLogOf(options);
  const tokenFor = createTokenMaker(options.key);
  const controlPlane = [...(options.controlPlane ?? []), ...enginesOf(config)];
  const addresses = { allow: config.allowedAddresses, controlPlane };
  const hosts = createHosts({ ...options, addresses, tokenFor });
  return {
    executorName: config.executorName,
    ...{ client, ...logs, hosts, tokenFor, tracer, logger, clock },
    runners: new RunnerClients({ tokenFor, clock }),
    figures: executorFigures({ meter: options.meter ?? silentMeter, ...roomFigures(options, hosts) }),
    turns: createNodeTurns(),
    work: new WorkStore(join(executorFolder(config), 'work')),
    skills: new SkillStore({ client, folder: join(executorFolder(config), 'skills'), logger }),
    saves: new Saves(),
    models: new ModelForwarder({
      figures: forwarderFigures(options.meter ?? silentMeter),
      addresses,
      environment: config.runnerEnvironment,
      tracer,
      logger,
      clock,
    }),
    times: { ...DEFAULT_TIMES, ...options.times },
  };
}

function taskLogOf(options: ContextOptions): Pick<ExecutorContext, 'localLogs' | 'taskLog'> {
  const { taskLog, hasTaskLog, client, config, logger, clock } = options;
  if (hasTaskLog === undefined) return { taskLog };
  const folder = join(executorFolder(config), 'logs');
  const local = new LocalTaskLogs({ folder, client, tails: new LogTails({ client, clock, logger }) });
  return { taskLog: foundTaskLog({ server: taskLog, local, hasTaskLog }), localLogs: local };
}

/** The engines that are reached over the network: who may call one owns its machine. */
function enginesOf({ dockerHosts }: ExecutorManagerConfig): Endpoint[] {
  return dockerHosts
    .filter((address) => URL.canParse(address) && new URL(address).port !== '')
    .map((address) => ({ host: new URL(address).hostname, port: Number(new URL(address).port) }));
}

type RoomFigures = Pick<ExecutorFiguresOptions, 'places' | 'conversations' | 'ports'>;

function roomFigures(
  { config, driver }: ContextOptions,
  { sandboxes, conversations }: RuntimeHosts,
): RoomFigures {
  const capacity = capacityOf(config, driver);
  const { ports } = driver.capabilities;
  return {
    places: { total: capacity.sandboxes, taken: () => sandboxes.gate.taken() },
    ...(conversations && {
      conversations: { total: capacity.conversations, taken: () => conversations.gate.taken() },
    }),
    ...(ports && { ports: { total: portCount(ports), inUse: () => ports.inUse() } }),
  };
}

function executorFacts(config: ExecutorManagerConfig, driver: RuntimeDriver): ExecutorFacts {
  const { isolation, ports } = driver.capabilities;
  return {
    ...{ name: config.executorName, driver: driver.name, isolation },
    version: VERSION,
    capacity: capacityOf(config, driver),
    separateUser: conversationUser(config) !== undefined,
    heartbeat: config.heartbeat,
    ...(ports === undefined ? {} : { ports: { min: ports.min, max: ports.max } }),
  };
}

/** So that "ready" means that kubectl shows the Executor; but an API that is away must not stop us. */
async function firstReport(heartbeat: Heartbeat, clock: Clock): Promise<void> {
  await Promise.race([heartbeat.first, new Promise<void>((resolve) => clock.after(5000, resolve))]);
}
