import { tmpdir } from 'node:os';
import type { Client } from '#api/client/client';
import { guardWrites } from '#api/client/guarded-client';
import { createHttpClient } from '#api/client/http-client';
import type { Transport } from '#api/client/transport';
import { systemClock } from '#api/machinery/clock';
import type { SteadyClock } from '#api/machinery/clock';
import type { ProcessHealth } from '#api/machinery/health-check';
import type { Logger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { Meter } from '#api/machinery/meter';
import type { ObjectRef } from '#api/machinery/resource-type';
import type { Sync, SyncSpec } from '#api/types/generated/sync';
import { CHECK_REQUESTED_AT } from '#api/types/probe';
import { SYNCS } from '#api/types/resources';
import { createController } from '#controllers/runtime/controller';
import { electedRunnable } from '#controllers/runtime/elected';
import { createInformer } from '#controllers/runtime/informer';
import type { Informer } from '#controllers/runtime/informer';
import { DEFAULT_LEASE_TIMES, LeaderElection } from '#controllers/runtime/leader-election';
import { startManager } from '#controllers/runtime/manager';
import type { Runnable } from '#controllers/runtime/manager';
import { createRecorder } from '#controllers/runtime/recorder';
import type { Recorder } from '#controllers/runtime/recorder';
import type { Change } from '#controllers/runtime/object-cache';
import { objects, specChanged } from '#controllers/runtime/source';
import { AddressGuard } from '#guarded-client/address-guard';
import type { Endpoint } from '#guarded-client/address-guard';
import type { SyncConfig } from './config.ts';
import { settleRound, syncReconciler, runRound } from './reconciler.ts';
import type { ReconcilerOptions, RoundOutcome } from './reconciler.ts';
import { AskedSource } from './source/asked-source.ts';
import { Sources } from './source/sources.ts';
import type { GivenCredential } from './source/wanted-source.ts';
import { startWebhookServer } from './webhook/webhook-server.ts';

export interface SyncOptions {
  transport: Transport;
  logger: Logger;
  config: SyncConfig;
  /** Which Syncs: one, those of a namespace, or all. One is worked on with the rights of the process where it names no account. */
  scope: { namespace?: string; name?: string };
  /** Of this process, and of no other one that is alive: one of several works. */
  identity: string;
  /** Of the one Sync, as it was asked for; absent: as it is found. Its source is not read when somebody changes it later. */
  spec?: SyncSpec;
  /** For the repository of the one Sync, in place of a Secret. */
  given?: GivenCredential;
  /** Where the control plane listens, which no Sync may name. */
  controlPlane: readonly Endpoint[];
  /** Where services say that something was pushed; nowhere when absent. */
  webhookAddress?: { host: string; port: number };
  onRound?(sync: Sync, outcome: RoundOutcome): void;
  meter?: Meter;
  clock?: SteadyClock;
  /** Aborts a start that waits for a server that does not come. */
  signal?: AbortSignal;
}

export interface RunningSync {
  /** Resolves when it cannot go on: the process should end. */
  broken: Promise<Error>;
  health: ProcessHealth;
  /** Where webhooks are answered. */
  webhooks?: string;
  /** Ends the round that is under way. */
  stop(): Promise<void>;
}

/** Syncs under way at a time. */
const WORKERS = 4;
/** The longest time of a round, in milliseconds: an hour to be ready, and some to fetch and apply. */
const ROUND_LIMIT_MS = 4_500_000;

/** The parts that a loop and a single round are made of. */
interface Parts {
  client: Client;
  clock: SteadyClock;
  recorder: Recorder;
  options: Omit<ReconcilerOptions, 'syncs'>;
}

async function openParts(options: SyncOptions, stack: AsyncDisposableStack): Promise<Parts> {
  const { transport, config, scope, controlPlane, logger, clock = systemClock } = options;
  const { environment, allowedAddresses: allow } = config;
  const client = createHttpClient({ transport });
  const guard = new AddressGuard({ allow, controlPlane });
  const sources = stack.use(await Sources.open({ folder: tmpdir(), environment, guard }));
  const recorder = createRecorder({ client, component: 'troupe-sync', clock, logger });
  const { given, onRound, spec } = options;
  return {
    ...{ client, clock, recorder },
    options: {
      ...{ transport, sources, environment, clock, recorder },
      ...(scope.name === undefined ? {} : { asked: new AskedSource(spec) }),
      ...(given === undefined ? {} : { given }),
      ...(onRound === undefined ? {} : { onRound }),
    },
  };
}

/** Starts the loop; resolves when it works, or waits until another process no longer does. */
export async function startSync(options: SyncOptions): Promise<RunningSync> {
  const { logger, meter = silentMeter, signal, scope } = options;
  await using started = new AsyncDisposableStack();
  const parts = await openParts(options, started);
  const { client, clock, recorder } = parts;
  const syncs = createInformer({
    ...{ client, clock, logger, type: SYNCS },
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
    ...(scope.name === undefined ? {} : { fieldSelector: `metadata.name=${scope.name}` }),
  });
  const follower = {
    name: 'syncs',
    run: (over: AbortSignal) => syncs.run(over),
    ready: () => syncs.synced(),
  };
  const election = new LeaderElection({
    ...{ client, clock, logger, recorder, lease: leaseOf(scope), identity: options.identity },
    times: DEFAULT_LEASE_TIMES,
  });
  const guarded = guardWrites(client, () => election.assertHeld());
  const make = (): Runnable[] => [controllerOf({ ...parts, client: guarded }, { syncs, logger, meter })];
  const stopMs = DEFAULT_LEASE_TIMES.leaseDuration - DEFAULT_LEASE_TIMES.renewDeadline;
  const work = electedRunnable({ election, make, stopMs, clock, logger });
  const groups = [[recorder], [follower], [work]];
  const manager = await startManager({ groups, clock, logger, ...(signal === undefined ? {} : { signal }) });
  started.defer(() => manager.stop());
  const webhooks = await listen(options, { syncs, client });
  if (webhooks !== undefined) started.defer(() => webhooks.close());
  const running = started.move();
  return {
    broken: manager.broken,
    health: {
      live: [
        { name: 'sync', run: async () => manager.check() },
        { name: 'leader-election', run: async () => election.check() },
      ],
      ready: [{ name: 'informers', run: () => Promise.resolve() }],
    },
    ...(webhooks === undefined ? {} : { webhooks: webhooks.url }),
    stop: () => running.disposeAsync(),
  };
}

/** One Lease for each set of Syncs that a process may work on. */
function leaseOf({ namespace = 'default', name }: SyncOptions['scope']): Required<ObjectRef> {
  return { namespace, name: name === undefined ? 'troupe-sync' : `troupe-sync-${name}` };
}

function controllerOf(
  { client, clock, options, recorder }: Parts,
  { syncs, logger, meter }: { syncs: Informer<Sync>; logger: Logger; meter: Meter },
): Runnable {
  return createController({
    ...{ name: 'sync', client, clock, logger, meter, workers: WORKERS, timeoutMs: ROUND_LIMIT_MS },
    reconcile: syncReconciler({ ...options, syncs }),
    sources: [objects(syncs, (change) => specChanged(change) || isRequest(change))],
    failures: { find: (key) => syncs.get(key), recorder },
  });
}

/** Somebody asks for a round at once. */
function isRequest(change: Change<Sync>): boolean {
  const requestOf = (sync: Sync | undefined): string | undefined =>
    sync?.metadata.annotations?.[CHECK_REQUESTED_AT];
  return requestOf(change.new) !== requestOf(change.old);
}

async function listen(
  { webhookAddress, logger, clock = systemClock }: SyncOptions,
  { syncs, client }: { syncs: Informer<Sync>; client: Client },
) {
  if (webhookAddress === undefined) return undefined;
  return startWebhookServer({
    ...{ address: webhookAddress, syncs, client, logger },
    // Through the object: the process that answers need not be the one that works.
    async onCall(ref) {
      const annotations = { [CHECK_REQUESTED_AT]: new Date(clock.now()).toISOString() };
      await client.patch(SYNCS, ref, { type: 'merge', body: { metadata: { annotations } } });
    },
  });
}

/** One round for one Sync. @throws StatusError when there is no such Sync, or it cannot be written */
export async function syncOnce(
  options: SyncOptions & { scope: Required<SyncOptions['scope']> },
): Promise<RoundOutcome> {
  await using stack = new AsyncDisposableStack();
  const { client, options: own } = await openParts(options, stack);
  const { signal = new AbortController().signal, scope } = options;
  const sync = await client.get(SYNCS, scope);
  const outcome = await runRound(sync, own, { client: client.within(signal), signal });
  await settleRound(sync, outcome, { client, options: own });
  if (!('failure' in outcome)) own.onRound?.(sync, outcome);
  return outcome;
}
