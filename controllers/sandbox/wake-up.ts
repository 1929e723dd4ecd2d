import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '#api/machinery/condition';
import { heartbeatLostMs } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { liveOn } from '#api/types/sandboxes/live-sandboxes';
import { SANDBOX_FINALIZER } from '#api/types/sandboxes/sandbox';
import type { Change } from '../runtime/object-cache.ts';

/** Which changes of Executors matter, and to which Sandboxes. */

/**
 * The name of the Executor whose changes matter to a bound Sandbox: one that has not ended is lost with it, and one that is
 * deleted waits for it to remove the container. All that have ended, and stay for as long as their Tasks, do not care.
 */
export function dependsOn(sandbox: Sandbox): string[] {
  const { metadata, spec } = sandbox;
  const waits = metadata.deletionTimestamp !== undefined && metadata.finalizers?.includes(SANDBOX_FINALIZER);
  return waits === true && spec.executorName !== undefined ? [spec.executorName] : liveOn(sandbox);
}

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
