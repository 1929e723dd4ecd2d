import type { ReconcileResult } from './controller.ts';

/** The smallest of the times, or delays, that are known; undefined when none is. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Looks at the key again after the shortest of the delays, in milliseconds. */
export function soonest(...delays: (number | undefined)[]): ReconcileResult {
  const requeueAfter = earliest(delays);
  return requeueAfter === undefined ? {} : { requeueAfter };
}
