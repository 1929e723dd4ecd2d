import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { NewCondition } from '#api/machinery/condition';
import { executorLost, executorNotReady, executorReady } from '#api/types/executor';
import type { Executor } from '#api/types/generated/executor';
import { planExecutor } from './plan.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');

function executor(
  heartbeatAge: number | undefined,
  condition?: NewCondition,
  lostAfterSeconds?: number,
): Executor {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name: 'e', creationTimestamp: formatTime(NOW - 100_000) },
    spec: {},
    status: {
      ...(heartbeatAge === undefined ? {} : { lastHeartbeatTime: formatTime(NOW - heartbeatAge * 1000) }),
      ...(lostAfterSeconds === undefined ? {} : { heartbeat: { intervalSeconds: 60, lostAfterSeconds } }),
      conditions: condition === undefined ? [] : [{ ...condition, lastTransitionTime: '' }],
    },
  };
}

describe('planExecutor', () => {
  const cases = [
    {
      reason: 'reported lately: look again when it is overdue',
      executor: executor(10, executorReady('')),
      want: 30_500,
    },
    { reason: 'silent', executor: executor(40, executorReady('')), want: 'HeartbeatLost' },
    {
      reason: 'reports more seldom, as it has said',
      executor: executor(90, executorReady(''), 120),
      want: 30_500,
    },
    {
      reason: 'silent for as long as it has said',
      executor: executor(120, executorReady(''), 120),
      want: 'HeartbeatLost',
    },
    {
      reason: 'silent with its engine away',
      executor: executor(50, executorNotReady('EngineUnavailable', '')),
      want: 'HeartbeatLost',
    },
    { reason: 'never reported', executor: executor(undefined), want: 'HeartbeatLost' },
    { reason: 'marked already', executor: executor(90, executorLost('')), want: undefined },
    { reason: 'stopped in order', executor: executor(90, executorNotReady('Stopped', '')), want: undefined },
  ];
  it.each(cases)('$reason', ({ executor: given, want }) => {
    const plan = planExecutor(given, NOW);
    expect(plan.condition?.reason ?? plan.recheckAfter).toBe(want);
  });
});
