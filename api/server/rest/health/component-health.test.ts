import { describe, expect, it } from 'vitest';
import { healthReport } from './component-health.ts';
import type { HealthFacts, HealthReport } from './component-health.ts';

const FINE: HealthFacts = {
  isStopping: false,
  database: { isAway: false, latencyMs: 0.4, checkedAt: Date.UTC(2026, 0, 1) },
  redis: 'ok',
  executors: { total: 2, ready: 2 },
};

const statuses = ({ status, components }: HealthReport): string =>
  [status, ...Object.values(components).map((one) => one.status)].join(' ');

describe('the health of a server', () => {
  it.each<{ reason: string; given: Partial<HealthFacts>; want: string; message: string }>([
    { reason: 'all is well', given: {}, want: 'healthy healthy healthy healthy', message: '' },
    {
      reason: 'nobody needs Redis',
      given: { redis: 'unused' },
      want: 'healthy healthy healthy healthy',
      message: '',
    },
    {
      reason: 'Redis only makes replicas faster',
      given: { redis: 'away' },
      want: 'degraded healthy unhealthy healthy',
      message: 'Redis is away; replicas poll',
    },
    {
      reason: 'an Executor is away, and others run',
      given: { executors: { total: 2, ready: 1 } },
      want: 'degraded healthy healthy degraded',
      message: '1 of 2 Executors are ready',
    },
    {
      reason: 'nothing runs, and the API answers',
      given: { executors: { total: 0, ready: 0 } },
      want: 'degraded healthy healthy unhealthy',
      message: 'no Executor is ready',
    },
    {
      reason: 'nothing is answered without the database',
      given: { database: { isAway: true } },
      want: 'unhealthy unhealthy healthy healthy',
      message: 'the database cannot be used',
    },
    {
      reason: 'a balancer is to take another one',
      given: { isStopping: true },
      want: 'unhealthy healthy healthy healthy',
      message: 'the server is stopping',
    },
  ])('$want: $reason', ({ reason, given, want, message }) => {
    const report = healthReport({ ...FINE, ...given });
    expect(statuses(report), reason).toBe(want);
    expect(report.message).toBe(message);
  });

  it('says when the database was checked, and how fast it was', () => {
    expect(healthReport(FINE).components.database).toEqual({
      status: 'healthy',
      latency_ms: 0.4,
      checked_at: '2026-01-01T00:00:00Z',
    });
  });
});
