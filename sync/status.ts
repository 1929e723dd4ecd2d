import { findCondition, fittingMessage, replaceCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import { newCondition, READY, stateOf } from '#api/types/ready';
import type { Sync, SyncStatus } from '#api/types/generated/sync';
import { CHECK_REQUESTED_AT } from '#api/types/probe';
import { RECONCILING, STALLED, SyncReason } from '#api/types/sync';
import type { AppliedMember, ServedMember } from './apply/apply-members.ts';
import type { SyncFailure } from './sync-failure.ts';

/** The statuses of a Sync, as kstatus reads them: Reconciling and Stalled are there only while they are true. Pure. */

interface At {
  /** RFC 3339. */
  now: string;
}

/** A round that may change something is under way. */
export function progressingStatus(sync: Sync, revision: string, at: At): SyncStatus {
  const message = `applying ${revision}`;
  const reason = SyncReason.Progressing;
  const conditions = [
    newCondition(READY, 'Unknown', { reason, message }),
    newCondition(RECONCILING, 'True', { reason, message }),
  ];
  return withConditions({ ...sync.status, lastAttemptedRevision: revision }, conditions, { sync, ...at });
}

/** All is as the revision has it. */
export function appliedStatus(
  sync: Sync,
  { revision, applied }: { revision: string; applied: readonly AppliedMember[] },
  at: At,
): SyncStatus {
  const message = `Applied revision: ${revision}`;
  const status: SyncStatus = {
    ...sync.status,
    lastAppliedRevision: revision,
    lastAttemptedRevision: revision,
    failures: 0,
    inventory: { entries: applied.map(({ member }) => entryOf(member)).toSorted(byId) },
    ...requestOf(sync),
  };
  const ready = newCondition(READY, 'True', { reason: SyncReason.Applied, message });
  return withConditions(status, [ready], { sync, ...at });
}

/** The round failed. What was applied before is still there, and so is the list of it. */
export function failedStatus(
  sync: Sync,
  { failure, revision }: { failure: SyncFailure; revision: string | undefined },
  at: At,
): SyncStatus {
  const { reason, message, isFinal } = failure;
  const status: SyncStatus = {
    ...sync.status,
    ...(revision === undefined ? {} : { lastAttemptedRevision: revision }),
    failures: (sync.status?.failures ?? 0) + 1,
    ...requestOf(sync),
  };
  const second = isFinal
    ? newCondition(STALLED, 'True', { reason, message })
    : newCondition(RECONCILING, 'True', { reason: SyncReason.ProgressingWithRetry, message });
  const ready = newCondition(READY, 'False', { reason, message });
  return withConditions(status, [ready, second], { sync, ...at });
}

function withConditions(
  status: SyncStatus,
  conditions: readonly NewCondition[],
  { sync, now }: At & { sync: Sync },
): SyncStatus {
  const { generation } = sync.metadata;
  let all: Condition[] = status.conditions ?? [];
  for (const type of [READY, RECONCILING, STALLED]) {
    const next = conditions.find((condition) => condition.type === type);
    all = replaceCondition(all, { type, next }, { now, generation });
  }
  const ready = findCondition(all, READY);
  return {
    ...status,
    ...(ready === undefined ? {} : { state: stateOf(ready), message: fittingMessage(ready.message) }),
    conditions: all.toSorted((a, b) => Number(b.type === READY) - Number(a.type === READY)),
    ...(generation === undefined ? {} : { observedGeneration: generation }),
  };
}

function requestOf({ metadata }: Sync): Pick<SyncStatus, 'lastHandledReconcileAt'> {
  const asked = metadata.annotations?.[CHECK_REQUESTED_AT];
  return asked === undefined ? {} : { lastHandledReconcileAt: asked };
}

type Entry = NonNullable<NonNullable<SyncStatus['inventory']>['entries']>[number];

/** As ObjMetadata.String of fluxcd/cli-utils; a colon in a name, as roles have it, becomes two underscores there. */
function entryOf({ group, kind, namespace = '', name, version }: ServedMember): Entry {
  return { id: `${namespace}_${name.replaceAll(':', '__')}_${group}_${kind}`, v: version };
}

const byId = (a: Entry, b: Entry): number => (a.id < b.id ? -1 : 1);
