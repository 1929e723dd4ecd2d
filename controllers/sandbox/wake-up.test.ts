import { describe, expect, it } from 'vitest';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import { SANDBOX_FINALIZER } from '#api/types/sandboxes/sandbox';
import type { Change } from '../runtime/object-cache.ts';
import { dependsOn, mattersToSandboxes } from './wake-up.ts';

interface Traits {
  ready?: string;
  sandboxes?: number;
  conversations?: number;
  generation?: number;
  labels?: Record<string, string>;
  lostAfterSeconds?: number;
}

function executor(second: number, more: Traits = {}): Executor {
  const time = new Date(second * 1000).toISOString();
  const {
    ready = 'True',
    sandboxes = 1,
    conversations = 1,
    generation = 1,
    labels = {},
    lostAfterSeconds,
  } = more;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name: 'e', uid: 'u', generation, labels },
    spec: {},
    status: {
      lastHeartbeatTime: time,
      ...(lostAfterSeconds === undefined ? {} : { heartbeat: { lostAfterSeconds } }),
      capacity: { sandboxes, conversations },
      conditions: [
        { type: 'Ready', status: ready as 'True', reason: 'R', message: time, lastTransitionTime: 'then' },
      ],
    },
  };
}

const change = <T>(old: T | undefined, now: T | undefined) => ({ key: 'k', old, new: now }) as Change<never>;

describe('mattersToSandboxes', () => {
  it.each([
    { reason: 'a heartbeat', old: executor(0), now: executor(10), want: false },
    { reason: 'a heartbeat after a long silence', old: executor(0), now: executor(50), want: true },
    {
      reason: 'a heartbeat of one that reports more seldom',
      old: executor(0, { lostAfterSeconds: 120 }),
      now: executor(60, { lostAfterSeconds: 120 }),
      want: false,
    },
    { reason: 'the first', old: undefined, now: executor(0), want: true },
    { reason: 'gone', old: executor(0), now: undefined, want: true },
    { reason: 'not ready any more', old: executor(0), now: executor(10, { ready: 'False' }), want: true },
    { reason: 'more room', old: executor(0), now: executor(10, { sandboxes: 2 }), want: true },
    { reason: 'more shares', old: executor(0), now: executor(10, { conversations: 2 }), want: true },
    { reason: 'another label', old: executor(0), now: executor(10, { labels: { a: 'b' } }), want: true },
    { reason: 'another spec', old: executor(0), now: executor(10, { generation: 2 }), want: true },
  ])('$reason: $want', ({ old, now, want }) => expect(mattersToSandboxes(change(old, now))).toBe(want));
});

interface SandboxTraits {
  executorName?: string;
  phase?: SandboxStatus['phase'];
  deletionTimestamp?: string;
  finalizers?: string[];
}

function sandbox({ executorName, phase, ...metadata }: SandboxTraits): Sandbox {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: 's', namespace: 'ns', ...metadata },
    spec: { timeoutSeconds: 1, ...(executorName === undefined ? {} : { executorName }) },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

describe('dependsOn', () => {
  const bound = { executorName: 'e' };
  const deleted = { ...bound, deletionTimestamp: '2026-01-01T00:00:00Z' };
  it.each([
    { reason: 'one that waits', of: sandbox({}), want: [] },
    { reason: 'one that is bound', of: sandbox(bound), want: ['e'] },
    { reason: 'one that runs', of: sandbox({ ...bound, phase: 'Running' }), want: ['e'] },
    { reason: 'one that has ended', of: sandbox({ ...bound, phase: 'Succeeded' }), want: [] },
    {
      reason: 'one that is deleted and has a container',
      of: sandbox({ ...deleted, phase: 'Succeeded', finalizers: [SANDBOX_FINALIZER] }),
      want: ['e'],
    },
    {
      reason: 'one that is deleted and whose container is gone',
      of: sandbox({ ...deleted, phase: 'Succeeded', finalizers: ['x'] }),
      want: [],
    },
  ])('$reason: $want', ({ of, want }) => expect(dependsOn(of)).toEqual(want));
});
