import { describe, expect, it } from 'vitest';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Change } from '../runtime/object-cache.ts';
import { freesPlace, mattersToSandboxes } from './wake-up.ts';

function sandbox(phase: SandboxStatus['phase'], executorName?: string, uid = 'u'): Sandbox {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 's', namespace: 'n', uid },
    spec: {
      taskRef: { name: 't', uid: 'u' },
      step: 0,
      attempt: 1,
      timeoutSeconds: 1,
      prompt: 'p',
      shell: { type: 'Chat' },
      agent: { botName: 'b' },
      ...(executorName === undefined ? {} : { executorName }),
    },
    status: phase === undefined ? {} : { phase },
  };
}

function executor(
  second: number,
  more: { ready?: string; sandboxes?: number; conversations?: number; generation?: number } = {},
): Executor {
  const time = new Date(second * 1000).toISOString();
  const { ready = 'True', sandboxes = 1, conversations = 1, generation = 1 } = more;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name: 'e', uid: 'u', generation },
    spec: {},
    status: {
      lastHeartbeatTime: time,
      capacity: { sandboxes, conversations },
      conditions: [
        { type: 'Ready', status: ready as 'True', reason: 'R', message: time, lastTransitionTime: 'then' },
      ],
    },
  };
}

const change = <T>(old: T | undefined, now: T | undefined) => ({ key: 'k', old, new: now }) as Change<never>;

describe('freesPlace', () => {
  it.each([
    { reason: 'a new one', old: undefined, now: sandbox('Pending'), want: false },
    { reason: 'bound', old: sandbox('Pending'), now: sandbox('Pending', 'e'), want: false },
    { reason: 'ended', old: sandbox('Running', 'e'), now: sandbox('Succeeded', 'e'), want: true },
    { reason: 'gone while it ran', old: sandbox('Running', 'e'), now: undefined, want: true },
    { reason: 'ended earlier', old: sandbox('Failed', 'e'), now: undefined, want: false },
    {
      reason: 'ended, its binding never seen',
      old: sandbox('Pending'),
      now: sandbox('Failed', 'e'),
      want: true,
    },
    { reason: 'gone, its binding never seen', old: sandbox('Pending'), now: undefined, want: true },
    { reason: 'gone while it waited', old: sandbox('Pending', undefined, 'w'), now: undefined, want: false },
    {
      reason: 'made anew',
      old: sandbox('Running', 'e'),
      now: sandbox('Pending', undefined, 'v'),
      want: true,
    },
  ])('$reason: $want', ({ old, now, want }) =>
    expect(freesPlace(change(old, now), ({ metadata }) => metadata.uid === 'u')).toBe(want),
  );
});

describe('mattersToSandboxes', () => {
  it.each([
    { reason: 'a heartbeat', old: executor(0), now: executor(10), want: false },
    { reason: 'a heartbeat after a long silence', old: executor(0), now: executor(50), want: true },
    { reason: 'the first', old: undefined, now: executor(0), want: true },
    { reason: 'gone', old: executor(0), now: undefined, want: true },
    { reason: 'not ready any more', old: executor(0), now: executor(10, { ready: 'False' }), want: true },
    { reason: 'more room', old: executor(0), now: executor(10, { sandboxes: 2 }), want: true },
    { reason: 'more shares', old: executor(0), now: executor(10, { conversations: 2 }), want: true },
    { reason: 'another spec', old: executor(0), now: executor(10, { generation: 2 }), want: true },
  ])('$reason: $want', ({ old, now, want }) => expect(mattersToSandboxes(change(old, now))).toBe(want));
});
