import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BotReason, botNotReady, botReady } from './bot.ts';
import { ExecutorReason, executorLost, executorNotReady, executorReady } from './executor.ts';
import { GhostReason } from './ghost.ts';
import { ModelReason } from './models/model.ts';
import { isReadyNow, READY, withReady } from './ready.ts';
import type { ReadyStatus } from './ready.ts';
import { isLoss, SandboxReason } from './sandboxes/sandbox.ts';
import { ShellReason } from './shells/shell.ts';
import { TaskReason, taskComplete, taskFinished } from './tasks/task.ts';
import { TeamReason } from './teams/team.ts';
import { WorkspaceReason } from './workspace.ts';

const T1 = '2026-01-01T00:00:00Z';
const T2 = '2026-01-01T00:00:09Z';
const finding = fc.oneof(
  fc.constant(botReady()),
  fc.string().map((text) => botNotReady(BotReason.GhostNotFound, text)),
  fc.string().map((text) => executorLost(text)),
);
const readyOf = (status: ReadyStatus) => status.conditions?.find(({ type }) => type === READY);

describe('the finding Ready in a status', () => {
  it('is written once: the same finding later changes nothing', () => {
    fc.assert(
      fc.property(finding, fc.nat(9), (found, generation) => {
        const once = withReady(undefined, found, { now: T1, generation });
        expect(withReady(once, found, { now: T2, generation })).toEqual(once);
      }),
    );
  });

  it('says since when its status holds, whatever its reason', () => {
    fc.assert(
      fc.property(finding, finding, (before, after) => {
        const one = withReady(undefined, before, { now: T1 });
        const two = withReady(one, after, { now: T2 });
        expect(readyOf(two)?.lastTransitionTime).toBe(before.status === after.status ? T1 : T2);
      }),
    );
  });

  it('comes first and leaves what others wrote', () => {
    const others = {
      ...taskFinished('Failed', 'x'),
      lastTransitionTime: T1,
    };
    const status = { conditions: [others], observedGeneration: 3, phase: 'Running' };
    const written = withReady(status, botReady(), { now: T2 });
    expect(written.conditions.map(({ type }) => type)).toEqual([READY, 'Finished']);
    expect(written.conditions[1]).toBe(others);
    expect(written).toMatchObject({ phase: 'Running', observedGeneration: 3 });
  });

  it.each([
    { reason: 'a usable Bot', found: botReady(), state: 'Available' },
    {
      reason: 'a missing Ghost',
      found: botNotReady(BotReason.GhostNotFound, 'no Ghost a'),
      state: 'Unavailable',
    },
    { reason: 'no engine', found: executorNotReady('EngineUnavailable', 'x'), state: 'Unavailable' },
    { reason: 'a silent executor', found: executorLost('not heard of'), state: 'Unavailable' },
    { reason: 'an engine that answers', found: executorReady('Docker 28'), state: 'Available' },
  ])('has state and message follow it: $reason', ({ found, state }) => {
    expect(withReady({ state: 'Available', message: 'old' }, found, { now: T1 })).toMatchObject({
      state,
      message: found.message,
    });
  });

  it('counts only for the generation it was found for', () => {
    const status = withReady(undefined, botReady(), { now: T1, generation: 1 });
    expect(isReadyNow({ metadata: { generation: 1 }, status })).toBe(true);
    expect(isReadyNow({ metadata: { generation: 2 }, status })).toBe(false);
    expect(isReadyNow({ metadata: { generation: 1 } })).toBe(false);
  });
});

describe('reasons', () => {
  const tables = {
    BotReason,
    ExecutorReason,
    GhostReason,
    ModelReason,
    SandboxReason,
    ShellReason,
    TaskReason,
    TeamReason,
    WorkspaceReason,
  };
  it.each(Object.entries(tables))('%s: each is a word as metav1.Condition validates it', (_name, table) => {
    const reasons: string[] = Object.values(table);
    expect(new Set(reasons).size).toBe(reasons.length);
    for (const reason of reasons) expect(reason).toMatch(/^[A-Z][A-Za-z]{0,1023}$/);
  });

  it('only losses outside the agent may be tried again', () => {
    const losses = Object.values(SandboxReason).filter((reason) => isLoss(reason));
    expect(losses).toEqual(['EngineFailed', 'ExecutorLost', 'ContainerLost']);
  });
});

it('a Task that failed has finished and is not complete', () => {
  expect([taskFinished('Failed', 'x').status, taskComplete(false, 'Failed', 'x').status]).toEqual([
    'True',
    'False',
  ]);
});
