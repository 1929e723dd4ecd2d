import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import type { RunFailure } from '../run-failure.ts';
import { guardDisk, quantity } from './disk-guard.ts';
import type { DiskUsage } from './disk-usage.ts';

const MiB = 2 ** 20;
const GiB = 2 ** 30;

interface Look extends Partial<DiskUsage> {
  takesMs?: number;
  error?: string;
}

/** Lets the guard look once per element; returns the waits in between and what the guard said. */
async function guarded(looks: Look[], limitBytes = 10 * GiB) {
  const said: { waits: number[]; failures: RunFailure[]; incomplete: number } = {
    waits: [],
    failures: [],
    incomplete: 0,
  };
  let now = 0;
  const stop = new AbortController();
  const clock: Clock = {
    now: () => now,
    elapsed: () => now,
    after(ms, fn) {
      said.waits.push(ms);
      now += ms;
      if (looks.length > 0) queueMicrotask(fn);
      else stop.abort();
      return () => undefined;
    },
  };
  await guardDisk({
    limitBytes,
    clock,
    signal: stop.signal,
    async measure() {
      const { takesMs = 0, error, bytes = 0, complete = true } = looks.shift() ?? {};
      now += takesMs;
      if (error !== undefined) throw new Error(error);
      return { bytes, complete };
    },
    onExceeded: (failure) => said.failures.push(failure),
    onIncomplete: () => (said.incomplete += 1),
  });
  return said;
}

describe('guardDisk', () => {
  it.each<[Look[], number[], string]>([
    [[{}], [2000, 2000], 'looks after 2 s, and again'],
    [[{ takesMs: 99 }], [2000, 2000], 'a cheap look every 2 s'],
    [[{ takesMs: 500 }, { takesMs: 10 }], [2000, 10_000, 2000], 'a dear one more seldom, while it is'],
    [[{ takesMs: 30_000 }], [2000, 60_000], 'never more seldom than every minute'],
    [[{ bytes: 10 * GiB }], [2000, 2000], 'all of the limit may be used'],
    [
      [{ error: 'x' }, { error: 'x' }, {}, { error: 'x' }, { error: 'x' }],
      Array<number>(6).fill(2000),
      'du may fail',
    ],
  ])('%j waits %j: %s', async (looks, waits) => {
    expect(await guarded(looks)).toEqual({ waits, failures: [], incomplete: 0 });
  });

  it('ends the run once, beyond the limit', async () => {
    const { waits, failures } = await guarded([{ bytes: GiB }, { bytes: 12.3 * GiB }, { bytes: 13 * GiB }]);
    expect(waits).toEqual([2000, 2000]);
    expect(failures).toMatchObject([
      {
        reason: 'AgentKilled',
        message: 'the workspace is larger than its limit of 10Gi (12.3Gi used)',
      },
    ]);
  });

  it('ends the run when it cannot measure three times on end', async () => {
    const { failures } = await guarded(Array.from({ length: 5 }, () => ({ error: 'spawn du EAGAIN' })));
    expect(failures).toMatchObject([
      {
        reason: 'AgentKilled',
        message: 'the size of the workspace could not be measured: spawn du EAGAIN',
      },
    ]);
  });

  it('tells once that it could not see all', async () => {
    const looks = [{ complete: false }, { complete: true }, { complete: false }];
    expect(await guarded(looks)).toMatchObject({ failures: [], incomplete: 1 });
  });
});

it.each([
  [512, '512'],
  [20 * MiB, '20Mi'],
  [1.5 * GiB, '1.5Gi'],
  [2 ** 70, '1048576Pi'],
])('quantity(%d) is %s', (bytes, text) => expect(quantity(bytes)).toBe(text));
