import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { Condition, NewCondition } from '#api/machinery/condition';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import { ExecutorCondition } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { EXECUTORS, SANDBOXES } from '#api/types/resources';
import { disruptionMessage } from '#api/types/sandboxes/sandbox';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { soonest } from '../runtime/soonest.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { planDrain } from './drain.ts';
import { planExecutor } from './plan.ts';

export interface ExecutorReconcilerOptions {
  executors: { get(key: string): Executor | undefined };
  /** Bound to the Executor and not ended. */
  liveOn: (executorName: string) => readonly Sandbox[];
  recorder: EventSink;
  clock: Clock;
}

type ExecutorClient = Pick<Client, 'patch' | 'updateStatus'>;

/**
 * Marks an Executor whose manager has fallen silent, and empties one that is drained. Its manager writes everything else, and
 * the mark off again.
 */
export function executorReconciler(options: ExecutorReconcilerOptions): Reconcile<ExecutorClient> {
  const { executors, liveOn, clock } = options;
  return async (key, { client }) => {
    const executor = executors.get(key);
    if (executor === undefined || executor.metadata.deletionTimestamp !== undefined) return undefined;
    const heartbeat = planExecutor(executor, clock.now());
    const drain = planDrain(executor, liveOn(key), clock.now());
    await report(options, client, { executor, heartbeat: heartbeat.condition, drain: drain.condition });
    for (const sandbox of drain.evict) await evict(options, client, sandbox);
    return soonest(heartbeat.recheckAfter, drain.recheckAfter);
  };
}

interface Findings {
  executor: Executor;
  heartbeat: NewCondition | undefined;
  drain: NewCondition | undefined;
}

async function report(
  { recorder, clock }: ExecutorReconcilerOptions,
  client: ExecutorClient,
  { executor, heartbeat, drain }: Findings,
): Promise<void> {
  const at = { now: formatTime(clock.now()), generation: executor.metadata.generation };
  const known = (executor.status?.conditions ?? []).filter(
    ({ type }) => drain !== undefined || type !== ExecutorCondition.Drained,
  );
  const conditions = [heartbeat, drain].reduce<Condition[]>(
    (list, finding) => (finding === undefined ? list : withCondition(list, finding, at)),
    known,
  );
  if (conditions.length === 0 && executor.status?.conditions === undefined) return;
  const written = await writeStatus(client, EXECUTORS, {
    object: executor,
    status: { ...executor.status, conditions },
  });
  if (written === executor || heartbeat === undefined) return;
  recorder.event(executor, { type: 'Warning', reason: heartbeat.reason, message: heartbeat.message });
}

/** Its executor manager stops it, and the node is tried elsewhere. */
async function evict(
  { recorder }: ExecutorReconcilerOptions,
  client: ExecutorClient,
  sandbox: Sandbox,
): Promise<void> {
  const body = { spec: { cancel: true, disruption: 'Drained' } };
  await ignoreNotFound(client.patch(SANDBOXES, refOf(sandbox), { type: 'merge', body }));
  recorder.event(sandbox, { type: 'Warning', reason: 'Evicted', message: disruptionMessage('Drained') });
}
