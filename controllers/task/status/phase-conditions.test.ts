import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import { line } from '../graph/made-up.ts';
import { resolved, World } from '../plan/world.ts';

const scheduledFalse = {
  ...{ type: 'Scheduled', status: 'False' as const, reason: 'NoExecutor', message: 'There is no Executor.' },
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const question = { id: 'q', kind: 'Question' as const, message: 'Which?' };

describe('the conditions of a Task', () => {
  const phases = (w: World): Record<string, string> => {
    const { conditions = [] } = w.settle().status ?? {};
    return Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]));
  };
  const begun = (change: Parameters<World['change']>[1] = {}): World => {
    const w = new World(resolved(...line({ name: 'a' })));
    w.settle();
    w.change(w.names()[0] ?? '', change);
    return w;
  };
  const bound: Partial<Sandbox['spec']> = { executorName: 'e' };

  it.each([
    {
      reason: 'has no place',
      of: begun({ status: { conditions: [scheduledFalse] } }),
      want: { Accepted: 'True Planned', Scheduled: 'False NoExecutor', Running: 'False Unschedulable' },
    },
    {
      reason: 'works',
      of: begun({ spec: bound, status: { phase: 'Running' } }),
      want: { Scheduled: 'True Bound', Running: 'True Running' },
    },
    {
      reason: 'asks while it works',
      of: begun({ spec: bound, status: { phase: 'Running', questions: [question] } }),
      want: { Running: 'True Running', AwaitingApproval: 'True Running' },
    },
    {
      reason: 'waits for a person',
      of: begun({ spec: bound, status: { phase: 'Suspended', questions: [question] } }),
      want: { AwaitingApproval: 'True WaitingForAnswer' },
    },
    {
      reason: 'took too long',
      of: begun({ spec: bound, status: { phase: 'Failed', reason: 'TimedOut', message: 'too long' } }),
      want: { Running: 'False Failed', Completed: 'False Failed', Failed: 'True Timeout' },
    },
    {
      reason: 'is done',
      of: begun({ spec: bound, status: { phase: 'Succeeded' } }),
      want: { Accepted: 'True Planned', Completed: 'True Completed', Failed: 'False Completed' },
    },
  ])('that $reason', ({ of, want }) => expect(phases(of)).toMatchObject(want));

  it('that waits for its Team have nothing to say of runs', () => {
    const message = 'spec.teamRef: Team "ns/t" not found.';
    const w = new World({ outcome: 'waiting', reason: 'WaitingForTeam', message });
    expect(phases(w)).toEqual({
      ...{ Ready: 'False WaitingForTeam', Finished: 'False Pending', Accepted: 'False WaitingForTeam' },
    });
  });
});
