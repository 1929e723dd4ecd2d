import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import type { ManualClock } from '#api/machinery/manual-clock';
import { createWorkQueue } from './work-queue.ts';
import type { WorkQueue } from './work-queue.ts';

/** Takes what can be had now, without waiting for more. */
async function take(queue: WorkQueue): Promise<string | undefined> {
  return queue.length === 0 ? undefined : queue.next();
}

describe('createWorkQueue', () => {
  it('hands keys out in order, each once, however often they were added', async () => {
    const queue = createWorkQueue();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual(['a', 'b', 'c']);
    expect(queue.length).toBe(0);
  });

  it('holds back a key that is being worked on until it is done, then gives it again', async () => {
    const queue = createWorkQueue();
    queue.add('a');
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.add('b');
    expect(await queue.next()).toBe('b');
    expect(queue.length).toBe(0);
    queue.done('a');
    expect(await queue.next()).toBe('a');
  });

  it('wakes who waits, first come first served', async () => {
    const queue = createWorkQueue();
    const waiting = [queue.next(), queue.next()];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(waiting)).toEqual(['a', 'b']);
  });

  it('doubles the delay of each retry up to the bound, and begins anew after success', () => {
    const queue = createWorkQueue({ clock: createManualClock() });
    const delays = Array.from({ length: 18 }, () => queue.retry('a'));
    expect(delays.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
    expect(delays.at(-1)).toBe(300_000);
    expect(queue.retry('b'), 'another key is not held up').toBe(5);
    queue.forget('a');
    expect(queue.retry('a')).toBe(5);
  });

  it('keeps the earliest of several delays', async () => {
    const clock = createManualClock();
    const queue = createWorkQueue({ clock });
    for (const ms of [100, 50, 200]) queue.addAfter('a', ms);
    clock.advance(49);
    expect(await take(queue)).toBeUndefined();
    clock.advance(1);
    expect(await take(queue)).toBe('a');
    queue.done('a');
    clock.advance(1000);
    expect(await take(queue), 'the later ones are void').toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('adds at once what is due, and survives delays longer than a timer can hold', async () => {
    const clock = createManualClock();
    const queue = createWorkQueue({ clock });
    queue.addAfter('a', 0);
    queue.addAfter('b', Number.MAX_SAFE_INTEGER);
    expect(await take(queue)).toBe('a');
    clock.advance(2 ** 31 - 1);
    expect(await take(queue)).toBe('b');
  });

  it('ends every wait on shut-down and leaves no timer', async () => {
    const clock = createManualClock();
    const queue = createWorkQueue({ clock });
    const waiting = queue.next();
    queue.addAfter('a', 10);
    queue.shutDown();
    queue.add('b');
    queue.addAfter('c', 1);
    expect(await waiting).toBeUndefined();
    expect(await queue.next()).toBeUndefined();
    expect(clock.pending).toBe(0);
  });
});

/** What the queue has to be, in the plainest form: lists and maps. */
interface Model {
  line: string[];
  working: Set<string>;
  dirty: Set<string>;
  delayed: Map<string, number>;
  failures: Map<string, number>;
  now: number;
}

interface Real {
  queue: WorkQueue;
  clock: ManualClock;
}

type Command = fc.AsyncCommand<Model, Real, boolean>;

function modelAdd(model: Model, key: string): void {
  if (model.working.has(key)) model.dirty.add(key);
  else if (!model.line.includes(key)) model.line.push(key);
}

function modelDelay(model: Model, key: string, ms: number): void {
  if (ms <= 0) modelAdd(model, key);
  else if ((model.delayed.get(key) ?? Infinity) > model.now + ms) {
    // Of two that are due at the same moment the one that was planned first comes first.
    model.delayed.delete(key);
    model.delayed.set(key, model.now + ms);
  }
}

const command = (
  text: string,
  run: (model: Model, real: Real) => Promise<void> | void,
  check: (model: Readonly<Model>) => boolean = () => true,
): Command => ({ check, run: async (model, real) => run(model, real), toString: () => text });

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const commands = fc.commands(
  [
    keys.map((key) =>
      command(`add ${key}`, (model, { queue }) => {
        queue.add(key);
        modelAdd(model, key);
      }),
    ),
    fc.tuple(keys, fc.integer({ min: 0, max: 50 })).map(([key, ms]) =>
      command(`addAfter ${key} ${ms}`, (model, { queue }) => {
        queue.addAfter(key, ms);
        modelDelay(model, key, ms);
      }),
    ),
    keys.map((key) =>
      command(`retry ${key}`, (model, { queue }) => {
        const failures = model.failures.get(key) ?? 0;
        const want = Math.min(5 * 2 ** failures, 300_000);
        expect(queue.retry(key)).toBe(want);
        model.failures.set(key, failures + 1);
        modelDelay(model, key, want);
      }),
    ),
    keys.map((key) =>
      command(`forget ${key}`, (model, { queue }) => {
        queue.forget(key);
        model.failures.delete(key);
      }),
    ),
    fc.constant(
      command(
        'next',
        async (model, { queue }) => {
          const key = await queue.next();
          expect(key, 'first come, first served').toBe(model.line.shift());
          expect(model.working.has(key!), 'never handed out twice at a time').toBe(false);
          model.working.add(key!);
        },
        (model) => model.line.length > 0,
      ),
    ),
    keys.map((key) =>
      command(
        `done ${key}`,
        (model, { queue }) => {
          queue.done(key);
          model.working.delete(key);
          if (model.dirty.delete(key)) modelAdd(model, key);
        },
        (model) => model.working.has(key),
      ),
    ),
    fc.integer({ min: 1, max: 60 }).map((ms) =>
      command(`advance ${ms}`, (model, { clock }) => {
        clock.advance(ms);
        model.now += ms;
        const due = [...model.delayed].filter(([, at]) => at <= model.now).sort((a, b) => a[1] - b[1]);
        for (const [key] of due) {
          model.delayed.delete(key);
          modelAdd(model, key);
        }
      }),
    ),
  ],
  { maxCommands: 60 },
);

describe('the queue and its model', () => {
  it('agree after any sequence of calls', async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        const clock = createManualClock();
        const queue = createWorkQueue({ clock });
        const model: Model = {
          line: [],
          working: new Set(),
          dirty: new Set(),
          delayed: new Map(),
          failures: new Map(),
          now: 0,
        };
        await fc.asyncModelRun(() => ({ model, real: { queue, clock } }), sequence);
        // Whatever happened, nothing is lost: what is left over comes out in the order of the line.
        for (const key of [...model.working]) {
          queue.done(key);
          model.working.delete(key);
          if (model.dirty.delete(key)) modelAdd(model, key);
        }
        const rest: (string | undefined)[] = [];
        while (queue.length > 0) rest.push(await queue.next());
        expect(rest).toEqual(model.line);
      }),
      { numRuns: 500 },
    );
  });
});
