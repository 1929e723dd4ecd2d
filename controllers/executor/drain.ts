import { findCondition } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import { drained, ExecutorCondition, ExecutorReason, draining } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { isRun } from '#api/types/sandboxes/sandbox';

export interface DrainPlan {
  /** Absent while nothing is drained. */
  condition?: NewCondition;
  /** Runs whose time is over: they are stopped, and tried elsewhere. */
  evict: readonly Sandbox[];
  /** Milliseconds until the time of the runs is over. */
  recheckAfter?: number;
}

/**
 * An Executor that is to become empty. The grace period begins when the condition says so for the first time, so it
 * goes on whoever carries it out. Probes are short and come to their end.
 * @param live bound and not ended
 * @param now milliseconds since the epoch
 */
export function planDrain(executor: Executor, live: readonly Sandbox[], now: number): DrainPlan {
  const { drain } = executor.spec;
  if (drain === undefined) return { evict: [] };
  if (live.length === 0) return { condition: drained(), evict: [] };
  const known = findCondition(executor.status?.conditions, ExecutorCondition.Drained);
  const isUnderWay = known?.reason === ExecutorReason.Draining;
  const since = isUnderWay ? Date.parse(known.lastTransitionTime) : now;
  const left = since + (drain.gracePeriodSeconds ?? 0) * 1000 - now;
  const condition = draining(live.length);
  if (left > 0) return { condition, evict: [], recheckAfter: left };
  return { condition, evict: live.filter((sandbox) => isRun(sandbox) && sandbox.spec.cancel !== true) };
}
