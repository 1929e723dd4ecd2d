import type { MCPServerStatus } from '#api/types/generated/mcpserver';
import type { ProbePlan } from '#api/types/probe';

type Circuit = NonNullable<MCPServerStatus['circuitBreaker']>;

/** Checks in a row that open it. */
const FAILURES = 3;

/**
 * The state of a server by its checks: one that fails again and again is open; the next check is the probe that closes it,
 * half-open while it is under way.
 */
export function circuitAfter(
  before: Circuit = { state: 'Closed', failures: 0 },
  { probe, underWay }: { probe: ProbePlan; underWay: boolean },
  now: string,
): Circuit {
  const found = probe.finding;
  switch (found?.state) {
    case 'answered':
      return found.result.ok ? { state: 'Closed', failures: 0 } : failed(before, now);
    case 'refused':
      return failed(before, now);
    case 'lost':
      return before.state === 'HalfOpen' ? { ...before, state: 'Open' } : before;
    case 'pending':
    case undefined:
      return underWay && before.state === 'Open' ? { ...before, state: 'HalfOpen' } : before;
  }
}

function failed(before: Circuit, now: string): Circuit {
  const failures = before.failures + 1;
  if (failures < FAILURES) return { state: 'Closed', failures };
  return { state: 'Open', failures, openedAt: before.openedAt ?? now };
}
