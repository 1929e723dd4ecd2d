import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { ConditionStatus } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { demandOf, earlierExecutors } from './demand.ts';
import type { Demand } from './demand.ts';
import { lostIn, planBinding } from './plan.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const TIME = { now: NOW, watchingSince: 0, graceMs: 60_000 };
const ago = (seconds: number): string => formatTime(NOW - seconds * 1000);

interface Traits {
  capacity?: number;
  conversations?: number;
  priority?: number;
  unschedulable?: boolean;
  draining?: boolean;
  labels?: Record<string, string>;
  taints?: Executor['spec']['taints'];
  ready?: ConditionStatus | 'absent';
  since?: number;
  heartbeat?: number;
}

function executor(name: string, traits: Traits = {}): Executor {
  const {
    capacity = 2,
    conversations,
    priority = 0,
    unschedulable = false,
    draining = false,
    labels = {},
    taints = [],
    ready = 'True',
    since = 5,
    heartbeat = 5,
  } = traits;
  const message = ready === 'False' ? 'The engine is away.' : '';
  const condition = { type: 'Ready', reason: 'R', message, lastTransitionTime: ago(since) };
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name, labels, creationTimestamp: ago(3600) },
    spec: { priority, unschedulable, taints, ...(draining ? { drain: {} } : {}) },
    status: {
      capacity: { sandboxes: capacity, ...(conversations === undefined ? {} : { conversations }) },
      lastHeartbeatTime: ago(heartbeat),
      conditions: ready === 'absent' ? [] : [{ ...condition, status: ready }],
    },
  };
}

let made = 0;
function sandbox(spec: Partial<SandboxSpec> = {}, phase?: 'Running' | 'Failed' | 'Succeeded'): Sandbox {
  made += 1;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name: `s${made}`, namespace: 'ns', uid: `u${made}` },
    spec: {
      taskRef: { name: 't', uid: 'task' },
      node: 's0',
      step: 0,
      attempt: 1,
      timeoutSeconds: 1,
      prompt: 'p',
      shell: { type: 'ClaudeCode' },
      agent: { botName: 'b' },
      ...spec,
    },
    ...(phase === undefined ? {} : { status: { phase } }),
  };
}

const CHAT: Partial<SandboxSpec> = { shell: { type: 'Chat' } };
const WITH_FILES: Partial<SandboxSpec> = { workspace: { gitUrl: 'u', branchName: 'b', workBranch: 'w' } };

const ANYWHERE: Demand = demandOf(sandbox(), []);
const NONE = { talking: 0, others: 0 };
const GPU: Partial<SandboxSpec> = { executorSelector: { gpu: 'a100' } };

describe('planBinding', () => {
  const cases: {
    reason: string;
    executors: Executor[];
    load?: Record<string, number>;
    earlier?: string[];
    talks?: boolean;
    spec?: Partial<SandboxSpec>;
    want: string;
    message?: string;
  }[] = [
    { reason: 'the only one', executors: [executor('a')], want: 'a' },
    {
      reason: 'the highest priority',
      executors: [executor('a'), executor('b', { priority: 1 })],
      load: { b: 1 },
      want: 'b',
    },
    { reason: 'the least loaded', executors: [executor('a'), executor('b')], load: { a: 1 }, want: 'b' },
    { reason: 'the first by name', executors: [executor('b'), executor('a')], want: 'a' },
    {
      reason: 'a full one is passed over',
      executors: [executor('a', { priority: 9 }), executor('b')],
      load: { a: 2 },
      want: 'b',
    },
    {
      reason: 'none at all',
      executors: [],
      want: 'NoExecutor',
      message: 'There is no Executor; start an executor manager.',
    },
    {
      reason: 'none usable: the numbers are told',
      executors: [
        executor('a', { ready: 'False' }),
        executor('b', { unschedulable: true }),
        executor('c', { heartbeat: 41 }),
        executor('d', { ready: 'absent' }),
      ],
      want: 'NoExecutor',
      message:
        'None of 4 Executors can be used: 1 has not reported yet, 1 has stopped reporting, 1 is cordoned, 1 is not ready. a: The engine is away.',
    },
    {
      reason: 'one full',
      executors: [executor('a')],
      load: { a: 2 },
      want: 'NoCapacity',
      message: 'The only usable Executor is full: 2 of 2 Sandboxes in use.',
    },
    {
      reason: 'two full',
      executors: [executor('a'), executor('b')],
      load: { a: 2, b: 2 },
      want: 'NoCapacity',
      message: 'All 2 usable Executors are full: 4 of 4 Sandboxes in use.',
    },
    {
      reason: 'where the files are',
      executors: [executor('a'), executor('b')],
      load: { b: 1 },
      earlier: ['b'],
      want: 'b',
    },
    {
      reason: 'where the files are, though it is full',
      executors: [executor('a'), executor('b')],
      load: { b: 2 },
      earlier: ['b'],
      want: 'NoCapacity',
      message: 'Executor b, which has the files of the Task, is full: 2 of 2 Sandboxes in use.',
    },
    {
      reason: 'the files are lost with a lost Executor',
      executors: [executor('a'), executor('b', { ready: 'Unknown', since: 61 })],
      earlier: ['b'],
      want: 'a',
    },
    {
      reason: 'an Executor that is silent for a moment is waited for',
      executors: [executor('a'), executor('b', { ready: 'Unknown', since: 20 })],
      earlier: ['b'],
      want: 'NoExecutor',
      message: 'Executor b, which has the files of the Task, is not ready.',
    },
    {
      reason: 'one that talks has a share where all places are taken',
      executors: [executor('a', { capacity: 0, conversations: 3 })],
      load: { a: 2 },
      talks: true,
      want: 'a',
    },
    {
      reason: 'all shares are taken',
      executors: [executor('a', { conversations: 3 })],
      load: { a: 3 },
      talks: true,
      want: 'NoCapacity',
      message: 'The only usable Executor is full: 3 of 3 conversations in use.',
    },
    {
      reason: 'one that talks takes a place where there are no shares',
      executors: [executor('a')],
      load: { a: 2 },
      talks: true,
      want: 'NoCapacity',
      message: 'The only usable Executor is full: 2 of 2 Sandboxes in use.',
    },
    {
      reason: 'one with the labels, though another is better',
      executors: [executor('a', { priority: 9 }), executor('b', { labels: { gpu: 'a100', zone: 'x' } })],
      spec: GPU,
      want: 'b',
    },
    {
      reason: 'none with the labels, and a taint',
      executors: [
        executor('a', { labels: { gpu: 'h100' } }),
        executor('b', {
          labels: { gpu: 'a100' },
          taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }],
        }),
      ],
      spec: GPU,
      want: 'NoExecutor',
      message:
        'None of 2 Executors can be used: 1 did not have the label gpu=a100, 1 had the untolerated taint team=x:NoSchedule.',
    },
    {
      reason: 'a taint that is tolerated',
      executors: [executor('a', { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] })],
      spec: { tolerations: [{ key: 'team', value: 'x' }] },
      want: 'a',
    },
    {
      reason: 'a toleration of another value does not count',
      executors: [executor('a', { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] })],
      spec: { tolerations: [{ key: 'team', value: 'y', effect: 'NoSchedule' }] },
      want: 'NoExecutor',
    },
    {
      reason: 'one that tolerates everything',
      executors: [executor('a', { taints: [{ key: 'team', value: 'x', effect: 'NoSchedule' }] })],
      spec: { tolerations: [{ operator: 'Exists' }] },
      want: 'a',
    },
    {
      reason: 'one to be avoided comes after all others',
      executors: [
        executor('a', { priority: 9, taints: [{ key: 'spot', effect: 'PreferNoSchedule' }] }),
        executor('b'),
      ],
      load: { b: 1 },
      want: 'b',
    },
    {
      reason: 'one to be avoided, when the others are full',
      executors: [executor('a', { taints: [{ key: 'spot', effect: 'PreferNoSchedule' }] }), executor('b')],
      load: { b: 2 },
      want: 'a',
    },
    {
      reason: 'none while it is drained, and the files there no longer count',
      executors: [executor('a', { draining: true }), executor('b')],
      load: { b: 1 },
      earlier: ['a'],
      want: 'b',
    },
    {
      reason: 'an Executor that is gone is forgotten',
      executors: [executor('a')],
      earlier: ['x'],
      want: 'a',
    },
  ];
  it.each(cases)('$reason', ({ executors, load = {}, earlier = [], talks = false, spec, want, message }) => {
    const binding = planBinding({
      executors,
      demand: { ...demandOf(sandbox({ ...(talks ? CHAT : {}), ...spec }), []), earlier },
      load: (name) =>
        talks ? { talking: load[name] ?? 0, others: 0 } : { talking: 0, others: load[name] ?? 0 },
      time: TIME,
    });
    expect(binding.outcome === 'bind' ? binding.executorName : binding.reason).toBe(want);
    if (message !== undefined) expect(binding).toMatchObject({ message });
  });

  it('says when time alone may change the answer', () => {
    const binding = planBinding({
      executors: [executor('b', { ready: 'Unknown', since: 20 })],
      demand: { ...ANYWHERE, earlier: ['b'] },
      load: () => NONE,
      time: TIME,
    });
    expect(binding).toMatchObject({ recheckAfter: 40_000 });
  });
});

describe('lostIn', () => {
  it('never while ready, at once when gone, else when the grace since it was last ready is over', () => {
    expect(lostIn(executor('a'), TIME)).toBe(Infinity);
    expect(lostIn(undefined, TIME)).toBe(0);
    expect(lostIn(executor('a', { ready: 'Unknown', since: 10 }), TIME)).toBe(50_000);
    expect(lostIn(executor('a', { ready: 'False', since: 60 }), TIME)).toBe(0);
    expect(lostIn(executor('a', { ready: 'False', since: 60 }), { ...TIME, graceMs: 90_000 })).toBe(30_000);
    // Stopped long before these controllers began: it may be about to start, too.
    expect(
      lostIn(executor('a', { ready: 'False', since: 3600 }), { ...TIME, watchingSince: NOW - 1000 }),
    ).toBe(59_000);
  });
});

describe('earlierExecutors', () => {
  const goesOnFrom = (...others: Sandbox[]): Partial<SandboxSpec> => ({
    continueFrom: others.map(({ metadata: { name, uid = '' } }) => ({ name, uid })),
  });

  it('in the order of what it goes on with, whatever else the Task has', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((executorName) => sandbox({ executorName })) as [
      Sandbox,
      Sandbox,
      Sandbox,
    ];
    const unbound = sandbox();
    expect(earlierExecutors(sandbox(goesOnFrom(c, unbound, a)), [a, b, c, unbound])).toEqual(['c', 'a']);
  });

  it('nowhere for a clone of its own, and for what is gone', () => {
    const other = sandbox({ executorName: 'a' });
    expect(earlierExecutors(sandbox(WITH_FILES), [other])).toEqual([]);
    expect(earlierExecutors(sandbox(goesOnFrom(other)), [])).toEqual([]);
    expect(earlierExecutors(sandbox({ ...CHAT, ...goesOnFrom(other) }), [other])).toEqual([]);
  });

  it('wherever the Task has been, for a Sandbox of an older version that has a repository', () => {
    const old = (more?: Partial<SandboxSpec>): string[] => {
      const { node: _, ...spec } = sandbox(more).spec;
      return earlierExecutors({ ...sandbox(), spec }, [sandbox(), sandbox({ executorName: 'a' })]);
    };
    expect(old(WITH_FILES)).toEqual(['a']);
    expect(old()).toEqual([]);
  });

  it('two of one Task bind at once, each where its own files are', () => {
    const [a, b] = ['e1', 'e2'].map((executorName) => sandbox({ executorName }, 'Succeeded')) as [
      Sandbox,
      Sandbox,
    ];
    const bound = [a, b].map((source) => {
      const one = sandbox(goesOnFrom(source));
      const earlier = earlierExecutors(one, [a, b, one]);
      const executors = [executor('e1'), executor('e2')];
      return planBinding({ executors, demand: { ...ANYWHERE, earlier }, load: () => NONE, time: TIME });
    });
    expect(bound).toMatchObject([{ executorName: 'e1' }, { executorName: 'e2' }]);
  });
});
