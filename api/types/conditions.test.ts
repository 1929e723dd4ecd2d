import { describe, expect, it } from 'vitest';
import { BotReason, botNotReady, botReady } from './bot.ts';
import { executorLost, executorNotReady, executorReady } from './executor.ts';
import { stateOf } from './ready.ts';
import { isLoss, SandboxReason, sandboxBound, sandboxFinished, sandboxUnbound } from './sandbox.ts';
import { taskFinished, taskNotReady, taskUnfinished } from './task.ts';

describe('conditions', () => {
  const cases = [
    { reason: 'a usable Bot', got: botReady(), want: ['Ready', 'True', 'ReferencesResolved'] },
    {
      reason: 'a missing Ghost',
      got: botNotReady(BotReason.GhostNotFound, 'x'),
      want: ['Ready', 'False', 'GhostNotFound'],
    },
    {
      reason: 'a Task that waits',
      got: taskNotReady('WaitingForTeam', 'x'),
      want: ['Ready', 'False', 'WaitingForTeam'],
    },
    {
      reason: 'a Task under way',
      got: taskUnfinished('Running', 'x'),
      want: ['Finished', 'False', 'Running'],
    },
    {
      reason: 'a failed Task has ended',
      got: taskFinished('Failed', 'x'),
      want: ['Finished', 'True', 'Failed'],
    },
    { reason: 'a bound Sandbox', got: sandboxBound('e1'), want: ['Scheduled', 'True', 'Bound'] },
    {
      reason: 'a full house',
      got: sandboxUnbound('NoCapacity', 'x'),
      want: ['Scheduled', 'False', 'NoCapacity'],
    },
    {
      reason: 'a lost container',
      got: sandboxFinished('ContainerLost', 'x'),
      want: ['Finished', 'True', 'ContainerLost'],
    },
    { reason: 'an engine that answers', got: executorReady('x'), want: ['Ready', 'True', 'EngineReady'] },
    {
      reason: 'no engine',
      got: executorNotReady('EngineUnavailable', 'x'),
      want: ['Ready', 'False', 'EngineUnavailable'],
    },
    { reason: 'silence is not failure', got: executorLost('x'), want: ['Ready', 'Unknown', 'HeartbeatLost'] },
  ];
  it.each(cases)('$reason', ({ got, want }) => {
    expect([got.type, got.status, got.reason]).toEqual(want);
    expect(got.message).not.toBe('');
  });

  it('state follows Ready', () => {
    expect(stateOf(botReady())).toBe('Available');
    expect(stateOf(executorLost('x'))).toBe('Unavailable');
  });

  it('only losses outside the agent may be tried again', () => {
    const losses = Object.values(SandboxReason).filter((reason) => isLoss(reason));
    expect(losses).toEqual(['EngineFailed', 'ExecutorLost', 'ContainerLost']);
  });
});
