import { isDeepStrictEqual } from 'node:util';
import { objectKey } from '#api/machinery/meta';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { LIVE_ON, liveOn } from '#api/types/sandboxes/live-sandboxes';
import { EXECUTORS, RESOURCE_QUOTAS, SANDBOXES } from '#api/types/resources';
import type { ResourceQuota } from '#api/types/resource-quota';
import { spansIn } from '#api/types/trace';
import { BY_NAMESPACE, namespaceOf } from '../runtime/by-namespace.ts';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import { keysOnDemand, objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { quotaRefusal } from './binding/quota-refusal.ts';
import { sandboxReconciler } from './reconciler.ts';
import { Schedule } from './schedule.ts';
import { schedulerReconciler } from './scheduler.ts';
import { dependsOn, mattersToSandboxes } from './wake-up.ts';

const BY_EXECUTOR = 'sandbox:depends-on';
const OF_TASK = 'sandbox:of-task';
/** The one key of the scheduler. */
const QUEUE = 'queue';

export interface SandboxSettings {
  /** Whether a run gives way to one of a higher class of priority when all Executors are full. */
  preemption: boolean;
  /** How long an Executor may be not ready before its Sandboxes are lost, in milliseconds; a minute when absent. */
  executorGraceMs?: number;
}

const EXECUTOR_GRACE_MS = 60_000;

/**
 * Two controllers that share a schedule: the scheduler binds Sandboxes in the order of one queue, and the other deals
 * with single Sandboxes. Nothing asks by itself: what waits costs nothing until something changes.
 */
export function sandboxControllers(context: ControllerContext, settings: SandboxSettings): Runnable[] {
  const { preemption, executorGraceMs: graceMs = EXECUTOR_GRACE_MS } = settings;
  const { client, informers, clock, logger, meter, tracer, recorder } = context;
  const sandboxes = informers.of(SANDBOXES);
  const executors = informers.of(EXECUTORS);
  sandboxes.addIndex(OF_TASK, ({ spec }) => (spec.taskRef === undefined ? [] : [spec.taskRef.uid]));
  sandboxes.addIndex(BY_EXECUTOR, dependsOn);
  const quotas = informers.of(RESOURCE_QUOTAS);
  sandboxes.addIndex(LIVE_ON, liveOn);
  quotas.addIndex(BY_NAMESPACE, namespaceOf);
  const ofTask = (uid: string): readonly Sandbox[] => sandboxes.byIndex(OF_TASK, uid);
  const schedule = new Schedule({ sandboxes, ofTask });
  const toReview = keysOnDemand();
  const events = recorder('sandbox-controller');
  return [
    createController({
      name: 'scheduler',
      client,
      reconcile: schedulerReconciler({
        ...{ schedule, sandboxes, executors, clock, graceMs },
        refuse: (namespace, { use }) =>
          quotaRefusal(quotas.byIndex(BY_NAMESPACE, namespace), {
            wanted: use,
            used: schedule.usage.inNamespace(namespace),
          }),
        review: toReview.add,
        ...(preemption ? { preemption: { ofTask, liveOn: (name) => sandboxes.byIndex(LIVE_ON, name) } } : {}),
        recorder: events,
      }),
      failures: undefined,
      sources: [
        source(sandboxes, (change) => (schedule.observe(change) ? [QUEUE] : [])),
        source(executors, (change) => (mattersToSandboxes(change) ? [QUEUE] : [])),
        changedQuotas(quotas, schedule),
      ],
      ...{ clock, logger, meter },
    }),
    createController({
      name: 'sandbox',
      client,
      reconcile: sandboxReconciler({ sandboxes, executors, schedule, clock, graceMs, recorder: events }),
      sources: [objects(sandboxes), toReview, onExecutors(executors, sandboxes)],
      failures: { find: (key) => sandboxes.get(key), recorder: events },
      workers: 2,
      traceOf: spansIn(sandboxes, tracer),
      ...{ clock, logger, meter, tracer },
    }),
  ];
}

/** The use of a quota changes all the time; only its limits matter here. */
function changedQuotas(quotas: Informer<ResourceQuota>, schedule: Schedule): Source {
  return source(quotas, ({ old, new: now }) => {
    if (isDeepStrictEqual(old?.spec?.hard, now?.spec?.hard)) return [];
    schedule.queue.quotaChanged((now ?? old)?.metadata.namespace ?? '');
    return [QUEUE];
  });
}

function onExecutors(executors: Informer<Executor>, sandboxes: Informer<Sandbox>): Source {
  return source(executors, (change) =>
    mattersToSandboxes(change)
      ? sandboxes.byIndex(BY_EXECUTOR, change.key).map(({ metadata }) => objectKey(metadata))
      : [],
  );
}
