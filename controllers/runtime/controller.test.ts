import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import type { ManualClock } from '#api/machinery/manual-clock';
import { conflict, StatusError } from '#api/machinery/status-error';
import { createController, TerminalError } from './controller.ts';
import type { Reconcile } from './controller.ts';
import { startManager } from './manager.ts';
import type { FailureReport } from './repeated-failures.ts';
import type { Source } from './source.ts';

/** A source the test speaks through. */
function handSource(): Source & { say(key: string): void } {
  let enqueue: (key: string) => void = () => undefined;
  return {
    start: (given) => (enqueue = given),
    say: (key) => enqueue(key),
  };
}

/** Reconciles here call nothing. */
const client = { within: () => ({}) };

async function running(
  reconcile: Reconcile<object>,
  options: { workers?: number; failures?: FailureReport; clock?: ManualClock } = {},
) {
  const { clock = createManualClock() } = options;
  const source = handSource();
  const controller = createController({
    name: 'test',
    client,
    reconcile,
    sources: [source],
    failures: undefined,
    ...options,
    clock,
  });
  const manager = await startManager({ groups: [[controller]], clock });
  return { clock, source, manager };
}

/** Lets everything that can go on without time passing go on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createController', () => {
  it.each<{ reason: string; outcome: () => Promise<{ requeueAfter?: number } | void>; runsAfter: number[] }>([
    { reason: 'success: not again', outcome: () => Promise.resolve(), runsAfter: [1, 1, 1] },
    { reason: 'asked for later', outcome: () => Promise.resolve({ requeueAfter: 10 }), runsAfter: [1, 2, 3] },
    {
      reason: 'an error: back-off of 5, 10, 20 ms',
      outcome: () => Promise.reject(new Error('no')),
      runsAfter: [1, 2, 3],
    },
    {
      reason: 'Conflict: again as well',
      outcome: () => Promise.reject(conflict({ group: '', plural: 'x' }, 'y')),
      runsAfter: [1, 2, 3],
    },
    {
      reason: 'TerminalError: not again',
      outcome: () => Promise.reject(new TerminalError('never')),
      runsAfter: [1, 1, 1],
    },
    {
      reason: 'something that is no Error thrown at once, outside any promise',
      outcome: () => {
        throw 'text';
      },
      runsAfter: [1, 2, 3],
    },
  ])('$reason', async ({ outcome, runsAfter, reason }) => {
    let runs = 0;
    const { clock, source, manager } = await running(() => {
      runs += 1;
      return outcome();
    });
    source.say('a');
    const seen: number[] = [];
    for (const ms of [0, 10, 10]) {
      clock.advance(ms);
      await settled();
      seen.push(runs);
    }
    expect(seen, reason).toEqual(runsAfter);
    await manager.stop();
  });

  it('comes back soon after a server that was away for long', async () => {
    let runs = 0;
    const { clock, source, manager } = await running(() => {
      runs += 1;
      return Promise.reject(new StatusError('ServiceUnavailable', 'away'));
    });
    source.say('a');
    await settled();
    for (let second = 0; second < 600; second += 1) {
      clock.advance(1000);
      await settled();
    }
    const before = runs;
    clock.advance(3000);
    await settled();
    expect(runs).toBe(before + 1);
    await manager.stop();
  });

  it('never runs one key twice at a time, and runs it again when it changed meanwhile', async () => {
    let inside = 0;
    let runs = 0;
    const gates: (() => void)[] = [];
    const { source, manager } = await running(
      async () => {
        inside += 1;
        runs += 1;
        expect(inside).toBe(1);
        await new Promise<void>((resolve) => gates.push(resolve));
        inside -= 1;
      },
      { workers: 4 },
    );
    source.say('a');
    await settled();
    source.say('a');
    source.say('a');
    await settled();
    expect(runs).toBe(1);
    gates.shift()?.();
    await settled();
    expect(runs).toBe(2);
    gates.shift()?.();
    await settled();
    expect(runs).toBe(2);
    await manager.stop();
  });

  it('works on different keys at the same time, as many as it has workers', async () => {
    const inside: string[] = [];
    const gates: (() => void)[] = [];
    const { source, manager } = await running(
      async (key) => {
        inside.push(key);
        await new Promise<void>((resolve) => gates.push(resolve));
      },
      { workers: 2 },
    );
    for (const key of ['a', 'b', 'c']) source.say(key);
    await settled();
    expect(inside).toEqual(['a', 'b']);
    gates.shift()?.();
    await settled();
    expect(inside).toEqual(['a', 'b', 'c']);
    for (const open of gates) open();
    await manager.stop();
  });

  it.each([{ workers: 1 }, { workers: 4 }])(
    'lets others have a turn while $workers of its workers have much to do that waits for nothing',
    async ({ workers }) => {
      const clock = createManualClock();
      const story: string[] = [];
      const { source, manager } = await running(
        (key) => {
          story.push(key);
          clock.advance(1);
          return Promise.resolve();
        },
        { workers, clock },
      );
      setImmediate(() => story.push('another'));
      for (let key = 0; key < 100; key += 1) source.say(`${key}`);
      while (story.length < 101) await settled();
      expect(story.indexOf('another')).toBeLessThan(10);
      await manager.stop();
    },
  );

  it('aborts the signal of a reconcile that takes too long, and tries it again', async () => {
    const reasons: unknown[] = [];
    const { clock, source, manager } = await running(
      (_key, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(signal.reason as Error);
          });
        }),
    );
    source.say('a');
    await settled();
    clock.advance(120_000);
    await settled();
    expect(reasons).toHaveLength(1);
    clock.advance(5);
    await settled();
    await manager.stop();
    expect(reasons, 'the second run was ended by the stop').toHaveLength(2);
  });

  it('waits for a reconcile under way when it stops', async () => {
    let finished = false;
    const gate = Promise.withResolvers<void>();
    const { source, manager } = await running(async () => {
      await gate.promise;
      finished = true;
    });
    source.say('a');
    await settled();
    const stopping = manager.stop();
    gate.resolve();
    await stopping;
    expect(finished).toBe(true);
  });

  it('does not try again what the stop interrupted', async () => {
    const { clock, source, manager } = await running(
      (_key, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new StatusError('ServiceUnavailable', 'cut')));
        }),
    );
    source.say('a');
    await settled();
    await manager.stop();
    expect(clock.pending).toBe(0);
  });

  it('leaves nothing behind of runs that have ended', async () => {
    const begun: AbortSignal[] = [];
    const { clock, source, manager } = await running((_key, { signal }) => {
      begun.push(signal);
      return Promise.resolve();
    });
    for (const key of ['a', 'b', 'c']) source.say(key);
    await settled();
    expect(clock.pending).toBe(0);
    await manager.stop();
    expect(begun.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });

  describe('with a recorder', () => {
    const thing = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'a' } };
    const why = (message: string) => ({ type: 'Warning', reason: 'ReconcileFailed', message });
    const no = new Error('no', { cause: new Error('inner') });

    it.each([
      { reason: 'fails', error: no, runs: 7, told: [why('no'), why('no'), why('no')] },
      { reason: 'fails a few times', error: no, runs: 4, told: [] },
      { reason: 'meets conflicts', error: conflict({ group: '', plural: 'x' }, 'y'), runs: 7, told: [] },
      {
        reason: 'finds no server',
        error: new StatusError('ServiceUnavailable', 'away'),
        runs: 7,
        told: [],
      },
      { reason: 'fails for good', error: new TerminalError('never'), runs: 1, told: [why('never')] },
    ])('tells of a key that $reason', async ({ error, runs, told }) => {
      const events: unknown[] = [];
      let left = runs;
      const reconcile = (): Promise<void> => {
        left -= 1;
        return left < 0 ? Promise.resolve() : Promise.reject(error);
      };
      const recorder = { event: (about: unknown, event: unknown) => events.push([about, event]) };
      const { clock, source, manager } = await running(reconcile, {
        failures: { find: () => thing, recorder },
      });
      source.say('a');
      for (let run = 0; run < 10; run += 1) {
        await settled();
        clock.advance(10_000);
      }
      expect(events).toEqual(told.map((event) => [thing, event]));
      await manager.stop();
    });
  });
});
