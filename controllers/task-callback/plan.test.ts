import { describe, expect, it } from 'vitest';
import type { Task, TaskStatus } from '#api/types/generated/task';
import { CALLBACK_DELIVERED, failedAttempt, planCallback, RETRY_SECONDS } from './plan.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const transitions: NonNullable<TaskStatus['transitions']> = [
  { sequence: 1, status: 'PENDING' },
  { sequence: 2, status: 'RUNNING' },
  { sequence: 3, status: 'COMPLETED' },
];

const task = (status: TaskStatus, callback: Partial<Task['spec']['callback']> | null = {}): Task => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Task',
  metadata: { name: 't', uid: 'u', generation: 4 },
  spec: {
    prompt: 'p',
    teamRef: { name: 't' },
    ...(callback && { callback: { url: 'https://a', ...callback } }),
  },
  status: { transitions, ...status },
});

const given = (status: 'True' | 'False'): NonNullable<TaskStatus['conditions']> => [
  { type: CALLBACK_DELIVERED, status, reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
];

describe('planCallback', () => {
  const cases: { reason: string; of: Task; delivered?: number; want: object }[] = [
    { reason: 'without a callback', of: task({}, null), want: { kind: 'nothing' } },
    {
      reason: 'before there is a state to tell of',
      of: task({ transitions: [] }),
      want: { kind: 'nothing' },
    },
    { reason: 'the end, by default', of: task({}), want: { kind: 'send', transition: transitions[2] } },
    {
      reason: 'the states that are named, in their order',
      of: task({}, { events: ['COMPLETED', 'RUNNING'] }),
      want: { kind: 'send', transition: transitions[1] },
    },
    {
      reason: 'the next one',
      of: task({ callback: { delivered: 2 } }, { events: ['COMPLETED', 'RUNNING'] }),
      want: { kind: 'send', transition: transitions[2] },
    },
    { reason: 'all is told', of: task({ callback: { delivered: 3 } }), want: { kind: 'nothing' } },
    {
      reason: 'all is told, and the cache does not know',
      of: task({}),
      delivered: 3,
      want: { kind: 'nothing' },
    },
    {
      reason: 'a delay is not over',
      of: task({ callback: { failures: 1, nextAttemptAt: '2026-01-01T00:00:07Z' } }),
      want: { kind: 'wait', ms: 7000 },
    },
    {
      reason: 'a delay is over',
      of: task({ callback: { failures: 1, nextAttemptAt: '2026-01-01T00:00:00Z' } }),
      want: { kind: 'send', transition: transitions[2] },
    },
    {
      reason: 'the address was given up',
      of: task({ callback: { failures: 11, givenUpGeneration: 4, message: 'No.' } }),
      want: { kind: 'tell', condition: { status: 'False', reason: 'GivenUp' } },
    },
    {
      reason: 'and that was told',
      of: task({ callback: { failures: 11, givenUpGeneration: 4 }, conditions: given('False') }),
      want: { kind: 'nothing' },
    },
    {
      reason: 'the spec has changed since',
      of: task({ callback: { failures: 11, givenUpGeneration: 3 }, conditions: given('False') }),
      want: { kind: 'send', transition: transitions[2] },
    },
    {
      reason: 'messages arrive again',
      of: task({ callback: { delivered: 3 }, conditions: given('False') }),
      want: { kind: 'tell', condition: { status: 'True' } },
    },
  ];
  it.each(cases)('$reason', ({ of, delivered = 0, want }) => {
    expect(planCallback(of, { now: NOW, delivered })).toMatchObject(want);
  });
});

describe('an attempt that failed', () => {
  const after = (callback: object) =>
    failedAttempt(task({ callback }), { why: 'No.', isFinal: false, now: NOW });

  it.each(RETRY_SECONDS.map((seconds, index) => ({ seconds, failures: index })))(
    'is followed by another in $seconds s',
    ({ seconds, failures }) => {
      expect(after(failures === 0 ? {} : { failures })).toEqual({
        ...{ failures: failures + 1, message: 'No.', nextAt: NOW + seconds * 1000 },
      });
    },
  );

  it('is the last one at the end', () => {
    const last = { failures: RETRY_SECONDS.length + 1, message: 'No.', givenUpGeneration: 4 };
    expect(after({ failures: RETRY_SECONDS.length })).toEqual(last);
  });

  it('is the only one where the address is gone for good', () => {
    const gone = { why: 'Gone.', isFinal: true, now: NOW };
    expect(failedAttempt(task({}), gone)).toEqual({ failures: 1, message: 'Gone.', givenUpGeneration: 4 });
  });

  it('is the first one after a change of the spec', () => {
    expect(after({ failures: 11, givenUpGeneration: 3 })).toMatchObject({ failures: 1, nextAt: NOW + 5000 });
  });
});
