import { describe, expect, it } from 'vitest';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { sandboxBound } from '#api/types/sandboxes/sandbox';
import { withCondition } from '#api/machinery/condition';
import { failed } from './outcome.ts';
import { claimed, finished, isFinal, running, waiting } from './status.ts';

const NOW = Date.UTC(2026, 10, 21, 6);
const bound: Sandbox = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Sandbox',
  metadata: { name: 's', generation: 2 },
  spec: {} as Sandbox['spec'],
  status: { conditions: withCondition([], sandboxBound('e'), { now: '2026-01-01T00:00:00Z' }) },
};
const types = (status: SandboxStatus) =>
  status.conditions?.map(({ type, status, reason }) => [type, status, reason]);
const after = (status: SandboxStatus): Sandbox => ({ ...bound, status });

describe('the status of a Sandbox', () => {
  it('goes its way, Ready first, and keeps what the binder wrote', () => {
    const waits = waiting(bound, 'full', NOW);
    expect(waits).toMatchObject({
      phase: 'Pending',
      reason: 'NoPort',
      message: 'full',
      observedGeneration: 2,
    });
    const starts = claimed(after(waits), { executorName: 'e', runtimeID: 'rt-1' }, NOW);
    expect(starts).toMatchObject({
      ...{ phase: 'Starting', executorName: 'e', runtimeID: 'rt-1', startedAt: '2026-11-21T06:00:00Z' },
    });
    const where = { runtime: { id: 'rt-1', name: 'troupe-rt-1' }, hostPort: 9 };
    const runs = running(after(starts), where, NOW);
    expect(runs).toMatchObject({ phase: 'Running', runtimeID: 'rt-1', runtime: { name: 'troupe-rt-1' } });
    expect(types(runs)).toEqual([
      ['Ready', 'True', 'AgentRunning'],
      ['Scheduled', 'True', 'Bound'],
    ]);
    expect(runs.hostPort).toBe(9);
    expect(running(after(starts), { ...where, hostPort: undefined }, NOW)).not.toHaveProperty('hostPort');
    const again = running(after(runs), where, NOW + 60_000);
    expect(again.runningAt, 'an adopted run began when it began').toBe(runs.runningAt);
    const ends = finished(after(runs), { outcome: failed('TimedOut', 'late'), lastEventSeq: 4 }, NOW);
    expect(ends).toMatchObject({ phase: 'Failed', reason: 'TimedOut', lastEventSeq: 4, hostPort: 9 });
    expect(types(ends)).toEqual([
      ['Ready', 'False', 'TimedOut'],
      ['Scheduled', 'True', 'Bound'],
      ['Finished', 'True', 'TimedOut'],
    ]);
    expect(isFinal(after(ends))).toBe(true);
    expect(isFinal(bound)).toBe(false);
  });

  it('is not taken up where somebody else has done so, and again where that was us', () => {
    const by = { executorName: 'e', runtimeID: 'rt-1' };
    for (const phase of ['Starting', 'Running'] as const) {
      const theirs = after({ phase, runtimeID: 'rt-2' });
      expect(() => claimed(theirs, by, NOW)).toThrow('was taken up by somebody else');
      expect(claimed(after({ phase, runtimeID: 'rt-1' }), by, NOW).phase).toBe('Starting');
    }
  });
});
