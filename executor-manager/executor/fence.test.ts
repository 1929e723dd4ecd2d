import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createManualClock } from '#api/machinery/manual-clock';
import type { ManualClock } from '#api/machinery/manual-clock';
import { StatusError } from '#api/machinery/status-error';
import { startFence } from './fence.ts';
import type { Fence, FenceOptions } from './fence.ts';

/** An engine with three runtimes; two of them are of Sandboxes that are still the executor's own. */
let clock: ManualClock;
let states: Map<string, 'ended' | 'paused' | 'running'>;
let own: string[];
let failure: Error | undefined;
/** Calls that the engine refuses, as `stop c`. */
let refused: Set<string>;
let fence: Fence;

const AFTER_MS = 40_000;

beforeEach(() => {
  clock = createManualClock();
  states = new Map(['a', 'b', 'c'].map((id) => [id, 'running']));
  own = ['a', 'b'];
  failure = undefined;
  refused = new Set();
});

/** All that is under way comes to where it waits. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(ms: number): Promise<void> {
  clock.advance(ms);
  await settle();
}

async function heard(): Promise<void> {
  fence.reporting()();
  await settle();
}

const change = (id: string, state: 'ended' | 'paused' | 'running'): Promise<void> => {
  if (states.get(id) !== 'ended') states.set(id, state);
  return Promise.resolve();
};

const unlessRefused = (call: string, act: () => Promise<void>): Promise<void> =>
  refused.has(call) ? Promise.reject(new Error(call)) : act();

async function start(): Promise<void> {
  const ending = new AbortController();
  const driver = {
    list: () => Promise.resolve(Array.from(states, ([id, state]) => ({ id, running: state !== 'ended' }))),
    pause: (id: string) => change(id, 'paused'),
    resume: (id: string) => unlessRefused(`resume ${id}`, () => change(id, 'running')),
    stop: (id: string) => unlessRefused(`stop ${id}`, () => change(id, 'ended')),
  };
  const sandbox = (id: string) => ({
    metadata: { name: id },
    status: { phase: 'Running', runtimeID: id },
  });
  const client = {
    list: () =>
      failure === undefined ? Promise.resolve({ items: own.map(sandbox) }) : Promise.reject(failure),
  };
  fence = startFence({
    ...({ client, driver } as unknown as Pick<FenceOptions, 'client' | 'driver'>),
    ...{ executorName: 'e', afterMs: AFTER_MS, clock, logger: silentLogger, signal: ending.signal },
  });
  onTestFinished(async () => {
    ending.abort();
    await fence.done;
  });
  await settle();
}

const shown = (): string => [...states.values()].join(' ');

describe('the fence of an executor', () => {
  it('leaves alone what runs as long as the API hears of it', async () => {
    await start();
    for (let beat = 0; beat < 20; beat += 1) {
      await heard();
      await pass(AFTER_MS - 1);
    }
    expect(shown()).toBe('running running running');
  });

  it('pauses everything in time, and what starts meanwhile', async () => {
    await start();
    await heard();
    await pass(AFTER_MS);
    expect(shown()).toBe('paused paused paused');
    states.set('late', 'running');
    await pass(5000);
    expect(states.get('late')).toBe('paused');
  });

  it('stands at once when the API refuses the manager', async () => {
    await start();
    await heard();
    fence.refused();
    await settle();
    expect(shown()).toBe('paused paused paused');
    await heard();
    expect(shown()).toBe('running running ended');
  });

  it('counts from when the last report was sent, not from when it was taken', async () => {
    await start();
    const onTaken = fence.reporting();
    await pass(AFTER_MS - 1);
    onTaken();
    await settle();
    await pass(1);
    expect(shown()).toBe('paused paused paused');
  });

  it('lets its own go on when the API hears of it again, and ends what was given to others', async () => {
    await start();
    await heard();
    await pass(AFTER_MS);
    await heard();
    expect(shown()).toBe('running running ended');
    await pass(AFTER_MS);
    expect(shown(), 'and stands again').toBe('paused paused ended');
  });

  it('stays until the API says what is its own', async () => {
    await start();
    await heard();
    await pass(AFTER_MS);
    failure = new StatusError('ServiceUnavailable', 'away');
    await heard();
    expect(shown()).toBe('paused paused paused');
    failure = undefined;
    await pass(5000);
    expect(shown()).toBe('running running ended');
  });

  it('lets its own go on when the engine cannot end another one, which it tries again', async () => {
    await start();
    await heard();
    await pass(AFTER_MS);
    refused.add('stop c');
    await heard();
    expect(shown()).toBe('running running paused');
    refused.clear();
    await pass(5000);
    expect(shown()).toBe('running running ended');
  });

  it('pauses again what it has resumed, though the engine did not resume all', async () => {
    await start();
    await heard();
    await pass(AFTER_MS);
    refused.add('resume b');
    await heard();
    expect(shown()).toBe('running paused ended');
    fence.refused();
    await settle();
    expect(shown()).toBe('paused paused ended');
  });

  it('lets go on what an earlier manager has paused, and leaves the rest of it to the sweep', async () => {
    for (const id of states.keys()) states.set(id, 'paused');
    await start();
    expect(shown()).toBe('paused paused paused');
    await heard();
    expect(shown()).toBe('running running paused');
  });

  it('stands when a manager starts that the API does not hear of', async () => {
    await start();
    await pass(AFTER_MS);
    expect(shown()).toBe('paused paused paused');
  });
});
