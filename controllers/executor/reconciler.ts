import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { withCondition } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import { EXECUTORS } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import type { EventSink } from '../runtime/controller-context.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import { planExecutor } from './plan.ts';

export interface ExecutorReconcilerOptions {
  executors: { get(key: string): Executor | undefined };
  recorder: EventSink;
  clock: Clock;
}

/** Marks an Executor whose manager has fallen silent. Its manager writes everything else, and the mark off again. */
export function executorReconciler({
  executors,
  recorder,
  clock,
}: ExecutorReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const executor = executors.get(key);
    if (executor === undefined || executor.metadata.deletionTimestamp !== undefined) return undefined;
    const { condition, recheckAfter } = planExecutor(executor, clock.now());
    if (condition === undefined) return recheckAfter === undefined ? {} : { requeueAfter: recheckAfter };
    const at = { now: formatTime(clock.now()), generation: executor.metadata.generation };
    const conditions = withCondition(executor.status?.conditions, condition, at);
    const status = { ...executor.status, conditions };
    const written = await writeStatus(client, EXECUTORS, { object: executor, status });
    if (written !== executor) {
      recorder.event(executor, { type: 'Warning', reason: condition.reason, message: condition.message });
    }
    return undefined;
  };
}
