import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import type { ConditionStatus } from '#api/machinery/condition';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { assumedBindings } from './assumed-bindings.ts';
import { earlierExecutors, loadOf, lostIn, planBinding } from './plan.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');
const TIME = { now: NOW, watchingSince: 0 };
const ago = (seconds: number): string => formatTime(NOW - seconds * 1000);

interface Traits {
  capacity?: number;
  conversations?: number;
  priority?: number;
  unschedulable?: boolean;
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
    ready = 'True',
    since = 5,
    heartbeat = 5,
  } = traits;
  const message = ready === 'False' ? 'The engine is away.' : '';
  const condition = { type: 'Ready', reason: 'R', message, lastTransitionTime: ago(since) };
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Executor',
    metadata: { name, creationTimestamp: ago(3600) },
    spec: { priority, unschedulable },
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

describe('planBinding', () => {
  const cases: {
    reason: string;
    executors: Executor[];
    load?: Record<string, number>;
    earlier?: string[];
    talks?: boolean;
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
        'None of 4 Executors can be used: 1 has not reported yet, 1 has stopped reporting, 1 is not ready, 1 is unschedulable. a: The engine is away.',
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
      reason: 'an Executor that is gone is forgotten',
      executors: [executor('a')],
      earlier: ['x'],
      want: 'a',
    },
  ];
  it.each(cases)('$reason', ({ executors, load = {}, earlier = [], talks = false, want, message }) => {
    const binding = planBinding({
      ...{ executors, talks },
      load: new Map(Object.entries(load)),
      earlier,
      time: TIME,
    });
    expect(binding.outcome === 'bind' ? binding.executorName : binding.reason).toBe(want);
    if (message !== undefined) expect(binding).toMatchObject({ message });
  });

  it('says when time alone may change the answer', () => {
    const binding = planBinding({
      executors: [executor('b', { ready: 'Unknown', since: 20 })],
      talks: false,
      load: new Map(),
      earlier: ['b'],
      time: TIME,
    });
    expect(binding).toMatchObject({ recheckAfter: 40_000 });
  });
});

describe('lostIn', () => {
  it('never while ready, at once when gone, else a minute after it was last ready', () => {
    expect(lostIn(executor('a'), TIME)).toBe(Infinity);
    expect(lostIn(undefined, TIME)).toBe(0);
    expect(lostIn(executor('a', { ready: 'Unknown', since: 10 }), TIME)).toBe(50_000);
    expect(lostIn(executor('a', { ready: 'False', since: 60 }), TIME)).toBe(0);
    // Stopped long before these controllers began: it may be about to start, too.
    expect(
      lostIn(executor('a', { ready: 'False', since: 3600 }), { now: NOW, watchingSince: NOW - 1000 }),
    ).toBe(59_000);
  });
});

describe('loadOf', () => {
  it('counts what is bound and what is assumed to be', () => {
    const active = (name: string) => (name === 'a' ? [sandbox(), sandbox(), sandbox(CHAT)] : []);
    const assumed = new Map([['b', { talking: 4, others: 1 }]]);
    const executors = [
      executor('a', { conversations: 9 }),
      executor('b', { conversations: 9 }),
      executor('c'),
    ];
    const counts = (talks: boolean) => Object.fromEntries(loadOf({ executors, talks, active, assumed }));
    expect(counts(false)).toEqual({ a: 2, b: 1, c: 0 });
    expect(counts(true)).toEqual({ a: 1, b: 4, c: 0 });
  });

  it('counts all alike where there are no shares', () => {
    const active = () => [sandbox(), sandbox(CHAT)];
    const assumed = new Map([['a', { talking: 1, others: 1 }]]);
    for (const talks of [false, true]) {
      expect(loadOf({ executors: [executor('a')], talks, active, assumed }).get('a')).toBe(4);
    }
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
      return planBinding({ executors, talks: false, load: new Map(), earlier, time: TIME });
    });
    expect(bound).toMatchObject([{ executorName: 'e1' }, { executorName: 'e2' }]);
  });
});

describe('assumedBindings', () => {
  it('never overcommits, however late the cache learns of bindings', () => {
    const moves = fc.array(fc.constantFrom('bind', 'talk', 'show', 'finish', 'remove'), { maxLength: 60 });
    const some = fc.integer({ min: 1, max: 3 });
    fc.assert(
      fc.property(moves, some, some, (steps, capacity, conversations) => {
        const assumed = assumedBindings();
        const executors = [executor('a', { capacity, conversations })];
        // What the server has, and what the cache shows of it.
        const server = new Map<string, Sandbox>();
        let cache: Sandbox[] = [];
        for (const move of steps) {
          if (move === 'bind' || move === 'talk') {
            const fresh = sandbox(move === 'talk' ? CHAT : {});
            server.set(fresh.metadata.name, fresh);
            cache.push(fresh);
            for (const one of cache.filter((candidate) => candidate.spec.executorName === undefined)) {
              if (assumed.executorOf(one) !== undefined) continue;
              const active = () =>
                cache.filter((other) => other.spec.executorName !== undefined && other.status === undefined);
              const cached = (key: string) =>
                cache.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key);
              const talks = one.spec.shell?.type === 'Chat';
              const load = loadOf({ executors, talks, active, assumed: assumed.load(cached) });
              const binding = planBinding({ executors, talks, load, earlier: [], time: TIME });
              if (binding.outcome === 'wait' || !server.has(one.metadata.name)) continue;
              assumed.assume(one, binding.executorName);
              server.set(one.metadata.name, {
                ...one,
                spec: { ...one.spec, executorName: binding.executorName },
              });
            }
          }
          if (move === 'show') cache = [...server.values()];
          const bound = [...server.values()].find(
            (one) => one.spec.executorName !== undefined && one.status === undefined,
          );
          if (bound !== undefined && move === 'finish')
            server.set(bound.metadata.name, { ...bound, status: { phase: 'Succeeded' } });
          if (bound !== undefined && move === 'remove') server.delete(bound.metadata.name);
          const running = [...server.values()].filter(
            (one) => one.spec.executorName !== undefined && one.status === undefined,
          );
          const talking = running.filter(({ spec }) => spec.shell?.type === 'Chat');
          expect(talking.length).toBeLessThanOrEqual(conversations);
          expect(running.length - talking.length).toBeLessThanOrEqual(capacity);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('forgets a binding that failed, and one of a Sandbox made anew', () => {
    const assumed = assumedBindings();
    const one = sandbox();
    assumed.assume(one, 'a');
    expect(assumed.executorOf(one)).toBe('a');
    expect(assumed.executorOf({ ...one, metadata: { ...one.metadata, uid: 'new' } })).toBeUndefined();
    assumed.forget(one);
    expect(assumed.executorOf(one)).toBeUndefined();
  });
});
