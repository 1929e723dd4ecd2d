import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { SandboxStatus } from '#api/types/generated/sandbox';
import type { TaskSpec, TaskStatus } from '#api/types/generated/task';
import { line } from '../graph/made-up.ts';
import { readRecords } from '../node-record.ts';
import { isRetried, retryTime } from './retry.ts';
import { NOW, resolved, World } from './world.ts';

/** Retries, deadlines and pauses: what the fields of a Task about its life do. */

const world = (spec: Partial<TaskSpec>, ...names: string[]): World =>
  new World(resolved(...line(...(names.length === 0 ? ['a'] : names).map((name) => ({ name })))), spec);

const failed = (reason: string): SandboxStatus => ({
  ...{ phase: 'Failed', reason, message: 'why', finishedAt: NOW },
  result: { value: '', usage: { inputTokens: 10 } },
});
const done: SandboxStatus = { phase: 'Succeeded', reason: 'Succeeded', result: { value: 'x' } };

const finished = ({ conditions }: TaskStatus = {}) => findCondition(conditions, 'Finished');
const last = (w: World): string => w.names().at(-1) ?? '';

describe('a step that fails', () => {
  const delays = { initialDelaySeconds: 20, factor: 3, maxDelaySeconds: 50 };

  it('is tried again later, for the reasons that the Task names', () => {
    const w = world({ retryPolicy: { maxAttempts: 3, reasons: ['ModelError'], ...delays } });
    w.settle();
    w.change(last(w), { status: failed('ModelError') });
    const { status } = w.settle();
    expect(status?.status).toBe('PENDING');
    const { retryAt = '' } = readRecords(status)[0] ?? {};
    expect(finished(status)).toMatchObject({
      reason: 'Waiting',
      message: `Step 1 of 1 (a): ModelError: why. Attempt 2 follows at ${retryAt}.`,
    });
    expect(w.plan().wakeAt).toBe(retryAt);
    expect(Date.parse(retryAt) - Date.parse(NOW)).toBeGreaterThanOrEqual(20_000);
    expect(Date.parse(retryAt) - Date.parse(NOW)).toBeLessThanOrEqual(24_000);
    w.pass(24);
    w.settle();
    expect(w.names()).toHaveLength(2);
    w.change(last(w), { status: done });
    expect(w.settle().status).toMatchObject({
      status: 'COMPLETED',
      result: { value: 'x', usage: { inputTokens: 10 } },
    });
  });

  it('waits on while its Sandbox is deleted, and counts its use once', () => {
    const w = world({ retryPolicy: { maxAttempts: 2, reasons: ['*'], ...delays } });
    w.settle();
    const first = last(w);
    w.change(first, { status: failed('AgentFailed') });
    w.settle();
    w.remove(first);
    w.pass(10);
    w.settle();
    expect(w.names(), 'the delay is kept').toEqual([]);
    w.pass(20);
    w.settle();
    w.change(last(w), { status: failed('AgentFailed') });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: 'Step 1 of 1 (a) failed: AgentFailed: why It was the last of 2 attempts.',
      result: { usage: { inputTokens: 20 } },
    });
  });

  it('is tried again at once where the Executor whose clock is ahead has lost it', () => {
    const w = world({});
    w.settle();
    w.change(last(w), { status: { ...failed('ContainerLost'), finishedAt: '2026-01-01T05:00:00Z' } });
    w.settle();
    expect(w.names()).toHaveLength(2);
  });

  it('is stopped in the middle of the delay', () => {
    const w = world({ retryPolicy: { reasons: ['AgentFailed'] } });
    w.settle();
    w.change(last(w), { status: failed('AgentFailed') });
    w.settle();
    w.edit({ cancel: true });
    expect(w.settle().status?.status).toBe('CANCELLED');
  });

  it.each([
    { reason: 'ExecutorLost', reasons: [], want: true, why: 'a loss is nobody’s fault' },
    { reason: 'AgentFailed', reasons: [], want: false, why: 'nothing is tried again unasked' },
    { reason: 'AgentFailed', reasons: ['ModelError'] as const, want: false, why: 'another reason' },
    { reason: 'AgentFailed', reasons: ['*'] as const, want: true, why: 'all of them' },
    { reason: 'CostLimit', reasons: ['*'] as const, want: false, why: 'but for budgets' },
  ])('for $reason with $reasons: $want, since $why', ({ reason, reasons, want }) => {
    const { cache } = { cache: world({ retryPolicy: { reasons: [...reasons] } }).cache() };
    expect(isRetried(cache.task, reason)).toBe(want);
  });

  it.each([
    [1, 20],
    [2, 50],
    [7, 50],
  ])(
    'after attempt %i waits %i s and a fifth of that at most, the same for everybody',
    (attempt, seconds) => {
      const { task } = world({ retryPolicy: delays }).cache();
      const of = (): string =>
        retryTime(task, { node: 'a', attempt }, { reason: 'ModelError', endedAt: NOW });
      const ms = Date.parse(of()) - Date.parse(NOW);
      expect(ms).toBeGreaterThanOrEqual(seconds * 1000);
      expect(ms).toBeLessThanOrEqual(seconds * 1200);
      expect(of()).toBe(of());
    },
  );
});

describe('a deadline', () => {
  it('ends the Task with what runs, and says so', () => {
    const w = world({ activeDeadlineSeconds: 60 }, 'a', 'b');
    w.settle();
    expect(w.plan().wakeAt).toBe('2026-01-01T00:01:00Z');
    w.pass(60);
    expect(finished(w.settle().status)).toMatchObject({
      reason: 'Failing',
      message: expect.stringContaining('DeadlineExceeded: the Task has worked for 60 s, its limit.'),
    });
    w.change(last(w), { status: { phase: 'Cancelled' } });
    const { status } = w.settle();
    expect(status).toMatchObject({ status: 'FAILED', activeSeconds: 60 });
    expect(findCondition(status?.conditions, 'Failed')).toMatchObject({
      ...{ status: 'True', reason: 'Timeout' },
      message: 'The Task failed: DeadlineExceeded: the Task has worked for 60 s, its limit.',
    });
  });

  it('does not come while people are asked, or the Task is suspended', () => {
    const w = world({ activeDeadlineSeconds: 60 });
    w.settle();
    w.pass(30);
    const questions = [{ id: 'q', kind: 'Permission' as const, message: 'May I?' }];
    w.change(last(w), { status: { phase: 'Suspended', questions } });
    expect(w.settle().status).toMatchObject({ activeSeconds: 30 });
    expect(w.task().status).not.toHaveProperty('activeSince');
    expect(w.plan()).not.toHaveProperty('wakeAt');
    w.pass(3600);
    w.edit({ suspend: true });
    w.answerAll();
    w.settle();
    w.pass(3600);
    w.edit({ suspend: false });
    expect(w.settle().status).toMatchObject({ activeSeconds: 30, activeSince: w.now });
    w.pass(29);
    w.settle();
    w.change(last(w), { status: done });
    expect(w.settle().status).toMatchObject({ status: 'COMPLETED', activeSeconds: 59 });
  });
});

describe('the time of a Task', () => {
  it('does not count backwards by the clock of the next controller', () => {
    const w = world({ activeDeadlineSeconds: 60 });
    w.settle();
    w.pass(-5);
    const questions = [{ id: 'q', kind: 'Permission' as const, message: 'May I?' }];
    w.change(last(w), { status: { phase: 'Suspended', questions } });
    expect(w.settle().status).not.toHaveProperty('activeSeconds');
  });

  it.each([300_000_000_000, Number.MAX_SAFE_INTEGER])(
    'is not over where its end, in %i s, is no date of RFC 3339',
    (activeDeadlineSeconds) => {
      const w = world({ activeDeadlineSeconds });
      w.settle();
      expect(w.sandbox(last(w)).spec.cancel).toBeUndefined();
    },
  );
});

describe('a Task that is suspended', () => {
  it('does not begin, and says so', () => {
    const w = world({ suspend: true });
    expect(w.settle().status).toMatchObject({ status: 'PENDING', message: 'spec.suspend is set.' });
    expect(finished(w.task().status)?.reason).toBe('Suspended');
    w.edit({ suspend: false });
    w.settle();
    expect(w.names()).toHaveLength(1);
  });

  it('lets what runs come to its end, and starts nothing else until it goes on', () => {
    const w = world({}, 'a', 'b');
    w.settle();
    w.change(last(w), { status: { phase: 'Running' } });
    w.edit({ suspend: true });
    expect(finished(w.settle().status)).toMatchObject({
      reason: 'Suspended',
      message: 'No further step starts: spec.suspend is set. Step 1 of 2 (a) is under way.',
    });
    w.change(last(w), { status: done });
    expect(w.settle().status).toMatchObject({ status: 'RUNNING', progress: 50 });
    expect(w.names()).toHaveLength(1);
    w.edit({ suspend: false });
    w.settle();
    expect(w.names()).toHaveLength(2);
  });

  it('can be cancelled', () => {
    const w = world({ suspend: true }, 'a', 'b');
    w.settle();
    w.edit({ cancel: true });
    expect(w.settle().status?.status).toBe('CANCELLED');
  });
});

describe('a cancel', () => {
  it('that is taken back stays a cancel once it has begun', () => {
    const w = world({}, 'a', 'b');
    w.settle();
    w.edit({ cancel: true });
    expect(w.settle().status?.status).toBe('CANCELLING');
    w.edit({ cancel: false });
    w.change(last(w), { status: done });
    expect(w.settle().status).toMatchObject({ status: 'CANCELLED', message: 'Cancelled on request.' });
  });
});
