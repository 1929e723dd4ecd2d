import { describe, expect, it } from 'vitest';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { WaitNode } from '../graph/graph.ts';
import { line, node } from '../graph/made-up.ts';
import { PROGRAMS } from '../unfold/programs.ts';
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
      want: { Completed: 'False Failed', Failed: 'True Timeout', Stalled: 'True Timeout' },
    },
    {
      reason: 'is done',
      of: begun({ spec: bound, status: { phase: 'Succeeded' } }),
      want: { Accepted: 'True Planned', Completed: 'True Completed', Failed: 'False Completed' },
    },
  ])('that $reason', ({ of, want }) => expect(phases(of)).toMatchObject(want));

  const awaits = (w: World): string | undefined => phases(w)['AwaitingApproval'];
  const { agent: _, shell: __, ...bare } = node('gate');
  const gate: WaitNode = {
    ...{ ...bare, kind: 'wait', wait: { for: 'approval', message: 'Ship it?' } },
    workspace: { uses: false },
  };

  it('that has a step of an Approval says so until it is decided, also while others work', () => {
    const w = new World(resolved(gate, node('beside')));
    w.settle();
    expect(awaits(w)).toBe('True Running');
    w.change('fix-abcde-beside-a1', { status: { phase: 'Succeeded' } });
    expect(awaits(w)).toBe('True WaitingForConfirmation');
    w.edit({ suspend: true });
    expect(awaits(w)).toBe('True Suspended');
    w.decide('fix-abcde-gate-step', { phase: 'Decided', decision: 'Approved' });
    w.edit({ suspend: false });
    expect(awaits(w)).toBe('False Completed');
  });

  it('whose answer people judge says that it waits for them', () => {
    const resolution = resolved(node('a'));
    if (resolution.outcome !== 'resolved') throw new Error('it is resolved');
    const limits = { maxCorrections: 1, onRejected: 'Fail' as const };
    const program = { kind: 'quality', gates: [{ kind: 'approval', message: 'Good?', ...limits }] };
    const w = new World({ ...resolution, content: { ...resolution.content, program } });
    w.programs = PROGRAMS;
    w.settle();
    w.change('fix-abcde-a-a1', { status: { phase: 'Succeeded', result: { value: 'a' } } });
    expect(awaits(w)).toBe('True WaitingForConfirmation');
  });

  it('that has used up its budget and asks says that it waits for people', () => {
    const w = new World(resolved(node('a'), node('b', { needs: ['a'] })), {
      ...{ tokenBudget: 10, onBudgetExceeded: 'Ask' },
    });
    w.settle();
    const result = { value: 'a', usage: { inputTokens: 10 } };
    w.change('fix-abcde-a-a1', { status: { phase: 'Succeeded', result } });
    expect(awaits(w)).toBe('True WaitingForConfirmation');
    expect(w.task().status?.approvals).toMatchObject([{ purpose: 'Budget' }]);
  });

  it('that waits for its Team have nothing to say of runs', () => {
    const message = 'spec.teamRef: Team "ns/t" not found.';
    const w = new World({ outcome: 'waiting', reason: 'WaitingForTeam', message });
    expect(phases(w)).toEqual({
      ...{ Ready: 'False WaitingForTeam', Finished: 'False Pending', Accepted: 'False WaitingForTeam' },
    });
  });
});
