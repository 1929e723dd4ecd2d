import { expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { demandOf } from './demand.ts';
import { planPreemption } from './preemption.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');

function executor(name: string, spec: Executor['spec'] = {}): Executor {
  const lastTransitionTime = formatTime(NOW);
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name },
    spec,
    status: {
      capacity: { sandboxes: 1 },
      lastHeartbeatTime: formatTime(NOW),
      conditions: [{ type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime }],
    },
  };
}

function run(name: string, spec: Partial<SandboxSpec> = {}): Sandbox {
  const taskRef = { name: 't', uid: `task of ${name}` };
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name, creationTimestamp: formatTime(NOW) },
    spec: {
      taskRef,
      node: 's0',
      timeoutSeconds: 1,
      shell: { type: 'ClaudeCode' },
      executorName: 'e',
      ...spec,
    },
  };
}

const low = (name: string, spec: Partial<SandboxSpec> = {}): Sandbox =>
  run(name, { priority: -1000, ...spec });
const { taskRef: _, ...probe } = low('probe').spec;

it.each([
  { reason: 'the lowest priority gives way', live: [run('a', { priority: -1 }), low('b')], want: 'b' },
  { reason: 'the youngest of the same priority', live: [low('a'), low('b')], want: 'b' },
  { reason: 'nobody of its own class', live: [run('a', { priority: 1 })], want: undefined },
  {
    reason: 'nobody while another gives way',
    live: [low('a', { disruption: 'Drained' }), low('b')],
    want: undefined,
  },
  { reason: 'nobody who is being cancelled', live: [low('a', { cancel: true })], want: undefined },
  { reason: 'no probe', live: [{ ...low('a'), spec: { ...probe, probe: {} } }], want: undefined },
  {
    reason: 'none that has another kind of room',
    live: [low('a', { shell: { type: 'Chat' } })],
    want: undefined,
  },
  {
    reason: 'never a node twice',
    live: [low('a'), low('b')],
    before: [
      low('an earlier attempt', { disruption: 'Preempted', taskRef: { name: 't', uid: 'task of b' } }),
    ],
    want: 'a',
  },
  {
    reason: 'nobody on an Executor that it may not have',
    live: [low('a')],
    of: { taints: [{ key: 'k', effect: 'NoSchedule' as const }] },
    want: undefined,
  },
])('$reason', ({ live, before = [], of = {}, want }) => {
  const found = planPreemption({
    waiting: { priority: 1000, demand: demandOf(run('new'), []) },
    executors: [executor('e', of)],
    liveOn: () => live,
    ofTask: (uid) => [...live, ...before].filter(({ spec }) => spec.taskRef?.uid === uid),
    time: { now: NOW, watchingSince: 0, graceMs: 60_000 },
  });
  expect(found?.metadata.name).toBe(want);
});
