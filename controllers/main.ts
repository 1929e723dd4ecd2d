import type { Client } from '#api/client/client';
import { guardWrites } from '#api/client/guarded-client';
import { systemClock } from '#api/machinery/clock';
import type { SteadyClock } from '#api/machinery/clock';
import type { ProcessHealth } from '#api/machinery/health-check';
import type { Logger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { Meter, Metric } from '#api/machinery/meter';
import { silentTracer } from '#api/machinery/tracing/tracer';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { createGuardedFetch } from '#guarded-client/guarded-fetch';
import type { AddressGuardOptions } from '#guarded-client/address-guard';
import { createWebhookSender } from '#guarded-client/webhook-sender';
import { approvalController } from './approval/controller.ts';
import { botController } from './bot/controller.ts';
import { clusterRoleAggregationController } from './cluster-role-aggregation/controller.ts';
import { collaborationController } from './collaboration/controller.ts';
import { executorController } from './executor/controller.ts';
import { garbageCollectorController } from './garbage-collector/controller.ts';
import { ghostController } from './ghost/controller.ts';
import { mcpServerController } from './mcp-server/controller.ts';
import { modelController } from './model/controller.ts';
import { namespaceController } from './namespace/controller.ts';
import { resourceQuotaController } from './resource-quota/controller.ts';
import { rootCAController } from './root-ca/controller.ts';
import type { ControllerContext } from './runtime/controller-context.ts';
import { electedRunnable } from './runtime/elected.ts';
import { createInformers } from './runtime/informers.ts';
import { DEFAULT_LEASE_TIMES, LeaderElection } from './runtime/leader-election.ts';
import type { LeaseTimes } from './runtime/leader-election.ts';
import { startManager } from './runtime/manager.ts';
import type { Runnable } from './runtime/manager.ts';
import { createRecorder } from './runtime/recorder.ts';
import type { Recorder, RecorderOptions } from './runtime/recorder.ts';
import { sandboxControllers } from './sandbox/controller.ts';
import type { SandboxSettings } from './sandbox/controller.ts';
import { serviceAccountController } from './service-account/controller.ts';
import { shellController } from './shell/controller.ts';
import { skillController } from './skill/controller.ts';
import { skillPackageController } from './skill-package/controller.ts';
import { taskCallbackController } from './task-callback/controller.ts';
import { taskController } from './task/controller.ts';
import { COLLABORATION_MODELS } from './task/graph/collaboration-models.ts';
import type { CollaborationModels } from './task/graph/collaboration-models.ts';
import { keepOfEnded } from './task/kept-objects.ts';
import { PROGRAMS } from './task/unfold/programs.ts';
import type { Programs } from './task/unfold/unfold.ts';
import { taskRevisionController } from './task-revision/controller.ts';
import { userController } from './user/controller.ts';
import { teamController } from './team/controller.ts';
import { workspaceController } from './workspace/controller.ts';

export interface ControllersOptions {
  client: Client;
  logger: Logger;
  /** PEM of the API server's authority, published in each namespace; absent: nothing is published. */
  caCertificate?: string;
  clock?: SteadyClock;
  /** How Teams work; those of this version when absent. */
  collaborationModels?: CollaborationModels;
  /** How their graphs grow; those of this version when absent. */
  programs?: Programs;
  meter?: Meter;
  tracer?: Tracer;
  /** Whether runs give way to those of a higher class of priority; they do not when absent. */
  preemption?: boolean;
  /**
   * Whether a Kubernetes cluster serves: then its own controllers look after namespaces, ServiceAccounts, quotas and what has
   * lost its owner, and its users are its own.
   */
  inCluster?: boolean;
  /** How long an Executor may be not ready before its Sandboxes are lost, in milliseconds; a minute when absent. */
  executorGraceMs?: number;
  /** Which addresses of users may be called; those of the public Internet when absent. */
  addresses?: Pick<AddressGuardOptions, 'allow' | 'controlPlane'>;
  /** Absent: these controllers work, whoever else does. */
  leaderElection?: LeaderElectionSettings;
  /** Aborts a start that waits for a server that does not come. */
  signal?: AbortSignal;
}

export interface LeaderElectionSettings {
  /** The Lease that all who take part name. */
  lease: { namespace: string; name: string };
  /** Of this process, and of no other one that is alive. */
  identity: string;
  /** Where they differ from the defaults, in milliseconds. */
  times?: Partial<LeaseTimes>;
}

export interface RunningControllers {
  /** Resolves when they cannot go on: the process should end. */
  broken: Promise<Error>;
  health: ProcessHealth;
  /** Ends what is under way and gives the Lease up. */
  stop(): Promise<void>;
}

const LEADS: Metric = {
  name: 'leader_election_master_status',
  help: '1 for the process that leads, 0 for one that stands by.',
  labels: ['name'],
};

/** Starts all controllers; resolves when their caches are filled and they work, or wait for their turn to lead. */
export async function startControllers(options: ControllersOptions): Promise<RunningControllers> {
  const { client, logger, clock = systemClock, meter = silentMeter, signal } = options;
  const { tracer = silentTracer } = options;
  const { recorders, recorder } = createRecorders({ client, clock, logger });
  const informers = createInformers({ client, clock, logger });
  keepOfEnded(informers);
  await using started = new AsyncDisposableStack();
  const { fetch } = started.use(createGuardedFetch(options.addresses ?? { allow: [] }));
  const webhooks = createWebhookSender({ fetch, now: () => clock.now() });
  const context: ControllerContext = { client, informers, webhooks, recorder, clock, logger, meter, tracer };
  const workers =
    options.leaderElection === undefined
      ? { runnables: controllersOf(context, options), live: [] }
      : elected({ ...context, clock }, options.leaderElection, options);
  const groups = [recorders(), [informers], workers.runnables];
  const manager = await startManager({ groups, clock, logger, ...(signal === undefined ? {} : { signal }) });
  started.defer(() => manager.stop());
  const running = started.move();
  return {
    broken: manager.broken,
    health: {
      live: [{ name: 'controllers', run: async () => manager.check() }, ...workers.live],
      // A process that stands by is as ready as the one that leads.
      ready: [{ name: 'informers', run: () => Promise.resolve() }],
    },
    stop: () => running.disposeAsync(),
  };
}

/** One recorder for each component, made when it is first asked for. */
function createRecorders(options: Omit<RecorderOptions, 'component'>): {
  recorders: () => Recorder[];
  recorder: ControllerContext['recorder'];
} {
  const made = new Map<string, Recorder>();
  return {
    recorders: () => [...made.values()],
    recorder(component) {
      const recorder = made.get(component) ?? createRecorder({ ...options, component });
      made.set(component, recorder);
      return recorder;
    },
  };
}

/** The controllers while this process leads; their writes are refused when it no longer leads. */
function elected(
  context: ControllerContext & { clock: SteadyClock },
  { lease, identity, times: given }: LeaderElectionSettings,
  options: ControllersOptions,
): { runnables: Runnable[]; live: ProcessHealth['live'] } {
  const { client, clock, logger, meter } = context;
  const times = { ...DEFAULT_LEASE_TIMES, ...given };
  const recorder = context.recorder('leader-election');
  const election = new LeaderElection({ client, lease, identity, times, clock, logger, recorder });
  meter.gauge(LEADS, { name: lease.name }, () => Number(election.leads));
  const guarded = { ...context, client: guardWrites(client, () => election.assertHeld()) };
  const make = (): Runnable[] => controllersOf(guarded, options);
  const stopMs = times.leaseDuration - times.renewDeadline;
  return {
    runnables: [electedRunnable({ election, make, stopMs, clock, logger })],
    live: [{ name: 'leader-election', run: async () => election.check() }],
  };
}

function sandboxSettings({ preemption = false, executorGraceMs }: ControllersOptions): SandboxSettings {
  return { preemption, ...(executorGraceMs === undefined ? {} : { executorGraceMs }) };
}

function controllersOf(context: ControllerContext, options: ControllersOptions): Runnable[] {
  const { collaborationModels = COLLABORATION_MODELS, programs = PROGRAMS } = options;
  return [
    skillController(context),
    skillPackageController(context),
    ghostController(context),
    modelController(context),
    mcpServerController(context),
    shellController(context),
    workspaceController(context),
    botController(context),
    collaborationController(context),
    approvalController(context),
    teamController(context, Object.keys(collaborationModels)),
    taskController(context, { models: collaborationModels, programs }),
    taskCallbackController(context),
    taskRevisionController(context),
    ...sandboxControllers(context, sandboxSettings(options)),
    executorController(context),
    ...(options.inCluster === true ? [] : platformControllers(context, options)),
  ];
}

/** For what a Kubernetes cluster has controllers of its own. */
function platformControllers(context: ControllerContext, { caCertificate }: ControllersOptions): Runnable[] {
  return [
    clusterRoleAggregationController(context),
    resourceQuotaController(context),
    garbageCollectorController(context),
    namespaceController(context),
    serviceAccountController(context),
    userController(context),
    ...(caCertificate === undefined ? [] : [rootCAController(context, caCertificate)]),
  ];
}
