import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '#api/machinery/condition';
import { heartbeatLostMs } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { Change } from '../runtime/object-cache.ts';

/** Which changes of Executors may give a Sandbox that waits its place. */

/** Heartbeats come every few seconds and mostly say nothing new. */
export function mattersToSandboxes({ old, new: now }: Change<Executor>): boolean {
  if (old === undefined || now === undefined || old.metadata.uid !== now.metadata.uid) return true;
  const pause =
    Date.parse(now.status?.lastHeartbeatTime ?? '') - Date.parse(old.status?.lastHeartbeatTime ?? '');
  return (
    old.metadata.generation !== now.metadata.generation ||
    old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    !isDeepStrictEqual(old.metadata.labels, now.metadata.labels) ||
    !isDeepStrictEqual(old.status?.capacity, now.status?.capacity) ||
    !isDeepStrictEqual(readyOf(old), readyOf(now)) ||
    !(pause < heartbeatLostMs(old))
  );
}

function readyOf({ status }: Executor): [status?: string, since?: string] {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready === undefined ? [] : [ready.status, ready.lastTransitionTime];
}
