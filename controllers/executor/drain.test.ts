import { expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { Executor, ExecutorSpec } from '#api/types/generated/executor';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { planDrain } from './drain.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');

function executor(drain: ExecutorSpec['drain'], since?: number): Executor {
  const lastTransitionTime = formatTime(NOW - (since ?? 0) * 1000);
  const condition = {
    type: 'Drained',
    status: 'False',
    reason: 'Draining',
    message: '',
    lastTransitionTime,
  } as const;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name: 'e' },
    spec: drain === undefined ? {} : { drain },
    status: { conditions: since === undefined ? [] : [condition] },
  };
}

function sandbox(name: string, spec: Partial<SandboxSpec> = {}): Sandbox {
  const taskRef = { name: 't', uid: 'u' };
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name },
    spec: { taskRef, timeoutSeconds: 1, ...spec },
  };
}

const { taskRef: _, ...probe } = sandbox('p').spec;

it.each([
  { reason: 'not drained', drain: undefined, live: [sandbox('a')], want: {} },
  { reason: 'empty', drain: {}, live: [], want: { status: 'True' } },
  {
    reason: 'no grace: at once',
    drain: {},
    live: [sandbox('a'), sandbox('b')],
    want: { status: 'False', evict: ['a', 'b'] },
  },
  {
    reason: 'the grace begins',
    drain: { gracePeriodSeconds: 60 },
    live: [sandbox('a')],
    want: { status: 'False', recheckAfter: 60_000 },
  },
  {
    reason: 'the grace goes on',
    drain: { gracePeriodSeconds: 60 },
    since: 20,
    live: [sandbox('a')],
    want: { status: 'False', recheckAfter: 40_000 },
  },
  {
    reason: 'the grace is over',
    drain: { gracePeriodSeconds: 60 },
    since: 60,
    live: [sandbox('a'), sandbox('stopped', { cancel: true })],
    want: { status: 'False', evict: ['a'] },
  },
  {
    reason: 'probes come to their end',
    drain: {},
    live: [{ ...sandbox('p'), spec: { ...probe, probe: {} } }],
    want: { status: 'False' },
  },
])('$reason', ({ drain, since, live, want }) => {
  const { condition, evict, recheckAfter } = planDrain(executor(drain, since), live, NOW);
  const names = evict.map(({ metadata }) => metadata.name);
  expect({
    ...(condition && { status: condition.status }),
    ...(names.length > 0 && { evict: names }),
    ...(recheckAfter !== undefined && { recheckAfter }),
  }).toEqual(want);
});
