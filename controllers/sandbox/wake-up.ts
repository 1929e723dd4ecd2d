import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { isFinalPhase } from '#api/types/sandbox';
import type { Change } from '../runtime/object-cache.ts';
import { HEARTBEAT_FRESH_MS } from './plan.ts';

/** Which changes may give a Sandbox that waits its place. */

/**
 * A Sandbox that was shown unbound but had a place (`isAssumed`) counts too: after a gap in the watch its end is the
 * next that is seen of it.
 */
export function freesPlace(
  { old, new: now }: Change<Sandbox>,
  isAssumed: (sandbox: Sandbox) => boolean,
): boolean {
  if (old === undefined || isFinalPhase(old.status?.phase)) return false;
  if (old.spec.executorName === undefined && !isAssumed(old)) return false;
  return now === undefined || now.metadata.uid !== old.metadata.uid || isFinalPhase(now.status?.phase);
}

/** Heartbeats come every few seconds and mostly say nothing new. */
export function mattersToSandboxes({ old, new: now }: Change<Executor>): boolean {
  if (old === undefined || now === undefined || old.metadata.uid !== now.metadata.uid) return true;
  const pause =
    Date.parse(now.status?.lastHeartbeatTime ?? '') - Date.parse(old.status?.lastHeartbeatTime ?? '');
  return (
    old.metadata.generation !== now.metadata.generation ||
    old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    !isDeepStrictEqual(old.status?.capacity, now.status?.capacity) ||
    !isDeepStrictEqual(readyOf(old), readyOf(now)) ||
    !(pause < HEARTBEAT_FRESH_MS)
  );
}

function readyOf({ status }: Executor): [status?: string, since?: string] {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready === undefined ? [] : [ready.status, ready.lastTransitionTime];
}
