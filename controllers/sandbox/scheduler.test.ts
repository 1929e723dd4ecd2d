import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { objectKey } from '#api/machinery/meta';
import { StatusError } from '#api/machinery/status-error';
import type { Executor } from '#api/types/generated/executor';
import type { Sandbox } from '#api/types/generated/sandbox';
import { Schedule } from './schedule.ts';
import { schedulerReconciler } from './scheduler.ts';

const NOW = Date.parse('2026-01-01T00:10:00Z');

const executor: Executor = {
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Executor',
  metadata: { name: 'e' },
  spec: {},
  status: {
    capacity: { sandboxes: 9 },
    lastHeartbeatTime: formatTime(NOW),
    conditions: [
      { type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: formatTime(NOW) },
    ],
  },
};

function sandbox(name: string): Sandbox {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { namespace: 'n', name, uid: name, resourceVersion: '1' },
    spec: { timeoutSeconds: 1, shell: { type: 'ClaudeCode' } },
  };
}

/** A scheduler whose cache has these Sandboxes; `fail` says how the binding of one ends. */
function play(names: readonly string[], fail: (name: string) => StatusError | undefined) {
  return playWith(names.map(sandbox), fail);
}

/** The same for Sandboxes of any kind; those that are bound may be told to give way. */
function playWith(sandboxes: readonly Sandbox[], fail: (name: string) => StatusError | undefined) {
  const cache = new Map(sandboxes.map((one) => [objectKey(one.metadata), one]));
  const schedule = new Schedule({ sandboxes: cache, ofTask: () => [] });
  for (const [key, one] of cache) schedule.observe({ key, new: one });
  const time = { now: NOW };
  const bound: string[] = [];
  const reviewed: string[] = [];
  const stopped: string[] = [];
  const client = {
    async patch(_type: unknown, { name }: { name: string }): Promise<void> {
      const error = fail(name);
      if (error !== undefined) throw error;
      stopped.push(name);
    },
    updateStatus: async <T>(_type: unknown, object: T): Promise<T> => object,
    async update<T extends Sandbox>(_type: unknown, object: T): Promise<T> {
      const error = fail(object.metadata.name);
      if (error !== undefined) throw error;
      bound.push(object.metadata.name);
      return object;
    },
  };
  const reconcile = schedulerReconciler({
    schedule,
    sandboxes: cache,
    executors: { list: () => [executor] },
    refuse: () => undefined,
    preemption: {
      ofTask: () => [],
      liveOn: () => [...cache.values()].filter(({ spec }) => spec.executorName !== undefined),
    },
    review: (keys) => void reviewed.push(...keys.filter((key) => !schedule.isAssumed(cache.get(key)))),
    recorder: { event: () => undefined },
    graceMs: 60_000,
    clock: { now: () => time.now, after: () => () => undefined },
  });
  const round = () =>
    reconcile('queue', {
      client: client as never,
      signal: new AbortController().signal,
      logger: silentLogger,
    });
  return {
    round,
    bound,
    reviewed,
    stopped,
    cache,
    time,
    schedule,
    keyOf: (name: string) => objectKey(sandbox(name).metadata),
  };
}

describe('a round', () => {
  it('binds all that fit', async () => {
    const { round, bound, schedule } = play(['a', 'b', 'c'], () => undefined);
    expect(await round()).toEqual({});
    expect(bound).toEqual(['a', 'b', 'c']);
    expect(schedule.usage.onExecutor('e').others).toBe(3);
  });

  it('keeps back one whose binding is refused, and comes back to it', async () => {
    let isStale = true;
    const stale = new StatusError('Conflict', 'changed');
    const { round, bound, time, schedule } = play(['a', 'b'], (name) =>
      isStale && name === 'a' ? stale : undefined,
    );
    expect(await round(), 'nobody else would wake the queue').toEqual({ requeueAfter: 5 });
    expect(bound).toEqual(['b']);
    expect(schedule.usage.onExecutor('e').others).toBe(1);
    isStale = false;
    time.now += 5;
    expect(await round()).toEqual({});
    expect(bound).toEqual(['b', 'a']);
  });

  it('has one looked at again whose binding failed: nobody has looked at its deletion meanwhile', async () => {
    const { round, reviewed, cache, schedule } = play(['a'], () => {
      const deleted = sandbox('a');
      deleted.metadata = { ...deleted.metadata, resourceVersion: '2', deletionTimestamp: formatTime(NOW) };
      cache.set('n/a', deleted);
      schedule.observe({ key: 'n/a', old: sandbox('a'), new: deleted });
      expect(schedule.isAssumed(deleted), 'the reconciler leaves it alone').toBe(true);
      return new StatusError('Conflict', 'changed');
    });
    await round();
    expect(reviewed).toEqual(['n/a']);
    expect(schedule.queue.size).toBe(0);
  });

  it('ends when the server is away, and everybody waits again', async () => {
    const away = new StatusError('ServiceUnavailable', 'away');
    const { round, schedule } = play(['a', 'b'], () => away);
    await expect(round()).rejects.toBe(away);
    expect(schedule.queue.size).toBe(2);
    expect(schedule.usage.onExecutor('e').others).toBe(0);
  });

  it('asks again for a place that it could not have taken before', async () => {
    const taskRef = { name: 't', uid: 't' };
    const { spec: of } = sandbox('');
    const runs = Array.from({ length: 9 }, (_, index) => ({
      ...sandbox(`low-${index}`),
      spec: { ...of, taskRef, node: `n${index}`, priority: -1000, executorName: 'e' },
    }));
    const urgent = { ...sandbox('high'), spec: { ...of, priority: 1000 } };
    let isAway = true;
    const away = new StatusError('ServiceUnavailable', 'away');
    const { round, stopped } = playWith([...runs, urgent], () => (isAway ? away : undefined));
    await expect(round()).rejects.toBe(away);
    isAway = false;
    await round();
    expect(stopped).toHaveLength(1);
    await round();
    expect(stopped, 'one at a time').toHaveLength(1);
  });
});
