import { objectKey } from '#api/machinery/meta';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { EXECUTORS, SANDBOXES } from '#api/types/resources';
import { isFinalPhase } from '#api/types/sandbox';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { assumedBindings } from './assumed-bindings.ts';
import type { AssumedBindings } from './assumed-bindings.ts';
import { sandboxReconciler } from './reconciler.ts';
import { freesPlace, mattersToSandboxes } from './wake-up.ts';

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
  meter,
  recorder,
}: ControllerContext): Runnable {
  const sandboxes = informers.of(SANDBOXES);
  const executors = informers.of(EXECUTORS);
  sandboxes.addIndex(UNBOUND, (sandbox) => (isWaiting(sandbox) ? ['yes'] : []));
  sandboxes.addIndex(ACTIVE_ON, (sandbox) => activeOn(sandbox));
  sandboxes.addIndex(OF_TASK, ({ spec }) => (spec.taskRef === undefined ? [] : [spec.taskRef.uid]));
  sandboxes.addIndex(BY_EXECUTOR, ({ spec }) => (spec.executorName === undefined ? [] : [spec.executorName]));
  const assumed = assumedBindings();
  return createController({
    name: 'sandbox',
    client,
    reconcile: sandboxReconciler({
      sandboxes,
      activeOn: (name) => sandboxes.byIndex(ACTIVE_ON, name),
      ofTask: (uid) => sandboxes.byIndex(OF_TASK, uid),
      executors,
      assumed,
      clock,
      recorder: recorder('sandbox-controller'),
    }),
    sources: [objects(sandboxes), freedPlaces(sandboxes, assumed), executorChanges(executors, sandboxes)],
    workers: 1,
    clock,
    logger,
    meter,
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

function freedPlaces(sandboxes: Informer<Sandbox>, assumed: AssumedBindings): Source {
  const isAssumed = (sandbox: Sandbox): boolean => assumed.executorOf(sandbox) !== undefined;
  return source(sandboxes, (change) => (freesPlace(change, isAssumed) ? waitingKeys(sandboxes) : []));
}

function executorChanges(executors: Informer<Executor>, sandboxes: Informer<Sandbox>): Source {
  return source(executors, (change) => {
    if (!mattersToSandboxes(change)) return [];
    const bound = sandboxes.byIndex(BY_EXECUTOR, change.key).map(({ metadata }) => objectKey(metadata));
    return [...bound, ...waitingKeys(sandboxes)];
  });
}
