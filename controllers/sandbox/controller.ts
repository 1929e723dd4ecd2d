import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '#api/machinery/condition';
import { objectKey } from '#api/machinery/meta';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { EXECUTORS, SANDBOXES } from '#api/types/resources';
import { isFinalPhase } from '#api/types/sandbox';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import type { Change } from '../runtime/object-cache.ts';
import { objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { assumedBindings } from './assumed-bindings.ts';
import { HEARTBEAT_FRESH_MS } from './plan.ts';
import { sandboxReconciler } from './reconciler.ts';

const UNBOUND = 'sandbox:unbound';
const BY_EXECUTOR = 'sandbox:executor';
const ACTIVE_ON = 'sandbox:active-on';
const OF_TASK = 'sandbox:of-task';

/** Watches Sandboxes and Executors. What waits is woken when a place becomes free, and never asks by itself. */
export function sandboxController({
  client,
  informers,
  clock,
  logger,
  recorder,
}: ControllerContext): Runnable {
  const sandboxes = informers.of(SANDBOXES);
  const executors = informers.of(EXECUTORS);
  sandboxes.addIndex(UNBOUND, (sandbox) => (isWaiting(sandbox) ? ['yes'] : []));
  sandboxes.addIndex(ACTIVE_ON, (sandbox) => activeOn(sandbox));
  sandboxes.addIndex(OF_TASK, ({ spec }) => [spec.taskRef.uid]);
  sandboxes.addIndex(BY_EXECUTOR, ({ spec }) => (spec.executorName === undefined ? [] : [spec.executorName]));
  return createController({
    name: 'sandbox',
    reconcile: sandboxReconciler({
      sandboxes,
      activeOn: (name) => sandboxes.byIndex(ACTIVE_ON, name),
      ofTask: (uid) => sandboxes.byIndex(OF_TASK, uid),
      executors,
      assumed: assumedBindings(),
      client,
      clock,
      recorder: recorder('sandbox-controller'),
    }),
    sources: [objects(sandboxes), freedPlaces(sandboxes), executorChanges(executors, sandboxes)],
    workers: 1,
    clock,
    logger,
  });
}

function isWaiting({ spec, status }: Sandbox): boolean {
  return spec.executorName === undefined && !isFinalPhase(status?.phase);
}

function activeOn({ spec, status }: Sandbox): string[] {
  return spec.executorName === undefined || isFinalPhase(status?.phase) ? [] : [spec.executorName];
}

/** Oldest first, since the queue keeps the order. */
function waitingKeys(sandboxes: Informer<Sandbox>): string[] {
  return sandboxes
    .byIndex(UNBOUND, 'yes')
    .toSorted((a, b) => age(a).localeCompare(age(b)))
    .map(({ metadata }) => objectKey(metadata));
}

const age = ({ metadata }: Sandbox): string => metadata.creationTimestamp ?? '';

function freedPlaces(sandboxes: Informer<Sandbox>): Source {
  return source(sandboxes, (change) => (frees(change) ? waitingKeys(sandboxes) : []));
}

function frees({ old, new: now }: Change<Sandbox>): boolean {
  const held = old?.spec.executorName !== undefined && !isFinalPhase(old.status?.phase);
  return held && (now === undefined || isFinalPhase(now.status?.phase));
}

function executorChanges(executors: Informer<Executor>, sandboxes: Informer<Sandbox>): Source {
  return source(executors, (change) => {
    if (!matters(change)) return [];
    const bound = sandboxes.byIndex(BY_EXECUTOR, change.key).map(({ metadata }) => objectKey(metadata));
    return [...bound, ...waitingKeys(sandboxes)];
  });
}

/** Heartbeats come every few seconds and mostly say nothing new. */
function matters({ old, new: now }: Change<Executor>): boolean {
  if (old === undefined || now === undefined || old.metadata.uid !== now.metadata.uid) return true;
  const pause =
    Date.parse(now.status?.lastHeartbeatTime ?? '') - Date.parse(old.status?.lastHeartbeatTime ?? '');
  return (
    old.metadata.generation !== now.metadata.generation ||
    old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
    old.status?.capacity?.sandboxes !== now.status?.capacity?.sandboxes ||
    !isDeepStrictEqual(readyOf(old), readyOf(now)) ||
    !(pause < HEARTBEAT_FRESH_MS)
  );
}

function readyOf({ status }: Executor): [status?: string, since?: string] {
  const ready = findCondition(status?.conditions, 'Ready');
  return ready === undefined ? [] : [ready.status, ready.lastTransitionTime];
}
