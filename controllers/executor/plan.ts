import { findCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { ExecutorReason, executorLost, heartbeatLostMs } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';

export interface ExecutorPlan {
  /** Absent: nothing to be said. */
  condition?: NewCondition;
  /** Milliseconds until the heartbeat is overdue. */
  recheckAfter?: number;
}

/** Whether the Executor's own word about itself still counts. `now` in milliseconds since the epoch. */
export function planExecutor(executor: Executor, now: number): ExecutorPlan {
  const ready = findCondition(executor.status?.conditions, 'Ready');
  // One that was stopped in order has said its last word.
  if (ready?.status === 'Unknown' || ready?.reason === ExecutorReason.Stopped) return {};
  const last = executor.status?.lastHeartbeatTime ?? executor.metadata.creationTimestamp;
  if (last === undefined) return {};
  const left = Date.parse(last) + heartbeatLostMs(executor) - now;
  // Times have whole seconds: half a second more spares a second look that would come too early.
  if (left > 0) return { recheckAfter: left + 500 };
  return { condition: executorLost('The executor manager has stopped reporting.') };
}
