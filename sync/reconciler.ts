import { isDeepStrictEqual } from 'node:util';
import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import { describeError } from '#api/machinery/logger';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound, StatusError } from '#api/machinery/status-error';
import { READY } from '#api/types/ready';
import { SYNCS } from '#api/types/resources';
import type { Sync, SyncStatus } from '#api/types/generated/sync';
import { syncIntervalMs } from '#api/types/sync';
import type { EventSink } from '#controllers/runtime/controller-context';
import type { Reconcile } from '#controllers/runtime/controller';
import { applySource, fetchSource, idOf } from './round.ts';
import type { RoundContext, RoundOptions } from './round.ts';
import type { AppliedRevision } from './apply/apply-revision.ts';
import { memberText } from './apply/set-member.ts';
import { appliedStatus, failedStatus, progressingStatus } from './status.ts';
import { SyncFailure } from './sync-failure.ts';

/** The result of one round. */
export type RoundOutcome =
  ({ revision: string } & AppliedRevision) | { failure: SyncFailure; revision: string | undefined };

export interface ReconcilerOptions extends RoundOptions {
  syncs: { get(key: string): Sync | undefined };
  recorder: EventSink;
  /** Told after each round. */
  onRound?(sync: Sync, outcome: RoundOutcome): void;
}

/** The first wait after a failure, in milliseconds, which doubles up to the interval. */
const RETRY_MS = 2000;

/** One round for a Sync, and the time of the next one. */
export function syncReconciler(options: ReconcilerOptions): Reconcile {
  const ids = new Map<string, string>();
  return async (key, { client, signal }) => {
    const sync = options.syncs.get(key);
    await forgetFormer(ids, { key, sync }, options);
    if (sync === undefined || sync.metadata.deletionTimestamp !== undefined) return;
    if (sync.spec.suspend === true) return;
    if (options.asked === undefined && sync.spec.serviceAccountName === undefined)
      return nobody(sync, { client, options });
    const context = { client, signal };
    const outcome = await runRound(sync, options, context);
    options.onRound?.(sync, outcome);
    return { requeueAfter: await settleRound(sync, outcome, { client, options }) };
  };
}

/** Of a Sync that is gone, nothing stays on the disk. @param ids of the Syncs that were seen, by their keys */
async function forgetFormer(
  ids: Map<string, string>,
  { key, sync }: { key: string; sync: Sync | undefined },
  { sources }: Pick<RoundOptions, 'sources'>,
): Promise<void> {
  const former = ids.get(key);
  const id = sync && idOf(sync);
  if (id === undefined) ids.delete(key);
  else ids.set(key, id);
  if (former !== undefined && former !== id) await sources.forget(former);
}

/** Fetches and applies. @throws StatusError Conflict when the Sync changes meanwhile; the signal's reason */
export async function runRound(
  sync: Sync,
  options: RoundOptions,
  context: RoundContext,
): Promise<RoundOutcome> {
  let revision: string | undefined;
  try {
    const source = await fetchSource(sync, options, context);
    ({ revision } = source);
    if (isNews(sync, revision)) {
      const now = formatTime(options.clock.now());
      await writeStatus(context.client, sync, progressingStatus(sync, revision, { now }));
    }
    return { revision, ...(await applySource(sync, source, { options, context })) };
  } catch (error) {
    context.signal.throwIfAborted();
    return { failure: failureOf(error), revision };
  }
}

/** A round that only looks for drift says nothing while it is under way. */
const isNews = ({ status, metadata }: Sync, revision: string): boolean =>
  status?.lastAppliedRevision !== revision ||
  status.observedGeneration !== metadata.generation ||
  findCondition(status.conditions, READY)?.status !== 'True';

function failureOf(error: unknown): SyncFailure {
  if (error instanceof SyncFailure) return error;
  const message = error instanceof StatusError ? error.message : describeError(error);
  return new SyncFailure('ReconciliationFailed', message, { cause: error });
}

interface Settling {
  client: Pick<Client, 'patch'>;
  options: Pick<ReconcilerOptions, 'clock' | 'recorder'>;
}

/** Tells of the outcome. @returns milliseconds until the next round */
export async function settleRound(
  sync: Sync,
  outcome: RoundOutcome,
  { client, options }: Settling,
): Promise<number> {
  const at = { now: formatTime(options.clock.now()) };
  const interval = syncIntervalMs(sync);
  if ('failure' in outcome) {
    const status = failedStatus(sync, outcome, at);
    tellFailure(sync, outcome.failure, options);
    await writeStatus(client, sync, status);
    return Math.min(interval, RETRY_MS * 2 ** Math.min(20, (status.failures ?? 1) - 1));
  }
  tellChanges(sync, outcome, options);
  await writeStatus(client, sync, appliedStatus(sync, outcome, at));
  return interval;
}

/** A failure that lasts is told once. */
function tellFailure(
  sync: Sync,
  { reason, message }: SyncFailure,
  { recorder }: Pick<ReconcilerOptions, 'recorder'>,
): void {
  const before = findCondition(sync.status?.conditions, READY);
  if (before?.status === 'False' && before.message === message) return;
  recorder.event(sync, { type: 'Warning', reason, message });
}

function tellChanges(
  sync: Sync,
  { revision, applied, pruned }: { revision: string } & AppliedRevision,
  { recorder }: Pick<ReconcilerOptions, 'recorder'>,
): void {
  const changed = applied.filter(({ change }) => change !== 'unchanged');
  if (changed.length + pruned.length === 0) return;
  const lines = [
    ...changed.map(({ member, change }) => `${memberText(member)} ${change}`),
    ...pruned.map((name) => `${name} pruned`),
  ];
  const message = `Applied revision ${revision}: ${lines.slice(0, 10).join(', ')}${lines.length > 10 ? ', …' : ''}`;
  recorder.event(sync, { type: 'Normal', reason: 'ReconciliationSucceeded', message });
}

/** Without an account only whoever started a loop for this Sync alone works on it. That is told once, to a Sync that has no status. */
async function nobody(sync: Sync, { client, options }: Settling): Promise<void> {
  if (sync.status?.conditions !== undefined) return;
  const message =
    'spec.serviceAccountName names nobody: name a ServiceAccount of this namespace, or run "troupe sync NAME"';
  const failure = new SyncFailure('NoServiceAccount', message, { isFinal: true });
  const at = { now: formatTime(options.clock.now()) };
  await writeStatus(client, sync, failedStatus(sync, { failure, revision: undefined }, at));
}

/** The loop is the only writer. A Sync that is deleted meanwhile has no need of a status. */
async function writeStatus(client: Pick<Client, 'patch'>, sync: Sync, status: SyncStatus): Promise<void> {
  if (isDeepStrictEqual(sync.status, status)) return;
  const patch = { type: 'merge' as const, body: { status }, subresource: 'status' as const };
  await ignoreNotFound(client.patch(SYNCS, refOf(sync), patch));
}
