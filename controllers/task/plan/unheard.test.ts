import { describe, expect, it } from 'vitest';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import { action, node } from '../graph/made-up.ts';
import { resolved, World } from './world.ts';

/** Messages that no agent gets. */

const nameOf = (id: string): string => `fix-abcde-${id}-a1`;

describe('a message whose run never began', () => {
  const usage = { inputTokens: 10, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

  it('expires with its Task, and is applied by a retry that runs it', () => {
    const world = new World(resolved(node('a')), { tokenBudget: 10 });
    world.settle();
    const result = { value: 'x', sessionId: 's', usage };
    const status: SandboxStatus = { phase: 'Succeeded', reason: 'Succeeded', result };
    world.change(nameOf('a'), { status });
    world.settle();
    world.post();
    expect(world.settle().status).toMatchObject({
      status: 'FAILED',
      messages: [{ id: 'id1', state: 'Expired' }],
    });
    world.edit({ tokenBudget: 100, retries: [{ id: 'r1' }] });
    world.settle();
    expect(world.sandbox(nameOf('message-1')).spec.prompt).toContain('words 1');
    expect(world.task().status?.messages).toEqual([{ id: 'id1', state: 'Applied', node: 'message-1' }]);
  });
});

it('a message to nobody does not keep a step from running again', () => {
  const world = new World(resolved(node('a')));
  world.settle();
  const status: SandboxStatus = { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } };
  world.change(nameOf('a'), { status });
  world.settle();
  world.edit({ retries: [{ id: 'r', node: 'a' }] });
  world.post({ member: 'nobody' });
  expect(world.settle().status).toMatchObject({
    status: 'PENDING',
    messages: [{ id: 'id1', state: 'Rejected' }],
  });
  expect(world.names()).toEqual([nameOf('a'), 'fix-abcde-a-a2']);
});

describe('a message to a Task without agents', () => {
  it.each([
    ['that has failed in time', { phase: 'Cancelled', reason: 'Cancelled' }, 'FAILED'],
    ['that is complete', { phase: 'Succeeded', reason: 'Succeeded' }, 'COMPLETED'],
  ] as const)('%s is rejected, and the end stays', (_, status, end) => {
    const world = new World(resolved(action('a')), { activeDeadlineSeconds: 100 });
    world.settle();
    if (end === 'FAILED') world.pass(100);
    world.settle();
    world.change(nameOf('a'), { status });
    expect(world.settle().status?.status).toBe(end);
    world.post();
    expect(world.settle().status).toMatchObject({
      status: end,
      messages: [{ id: 'id1', state: 'Rejected', message: expect.stringContaining('No agent works') }],
    });
  });
});
