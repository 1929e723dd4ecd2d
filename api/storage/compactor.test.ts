import { describe, expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import { Compactor } from './compactor.ts';
import { Memory } from './memory.ts';
import { encodeBody, restore } from './stored-object.ts';

/** Time that passes when the test says so; remembers the timer that is set. */
function handClock() {
  let now = 0;
  let timer: { at: number; fn: () => void } | undefined;
  const clock: Clock = {
    now: () => now,
    after(ms, fn) {
      timer = { at: now + ms, fn };
      return () => {
        timer = undefined;
      };
    },
  };
  const advance = (ms: number): void => {
    now += ms;
    const due = timer;
    if (due === undefined || due.at > now) return;
    timer = undefined;
    due.fn();
  };
  return { clock, advance, timerSet: () => timer !== undefined };
}

const MINUTE = 60_000;

function setUp(minRevisions: number) {
  const memory = new Memory({
    snapshot: { revision: 0, commitId: '', compacted: 0, rows: [] },
    ring: { events: 10, bytes: 1_000 },
  });
  const { clock, advance, timerSet } = handClock();
  const asked: number[] = [];
  let failure: Error | undefined;
  const tables = {
    revision: () => Promise.resolve({ current: memory.revision, compacted: asked.at(-1) ?? 0, commitId: '' }),
    compact(upTo: number) {
      if (failure !== undefined) return Promise.reject(failure);
      asked.push(upTo);
      return Promise.resolve(upTo);
    },
  };
  const options = {
    memory,
    tables,
    clock,
    logger: silentLogger,
    everyMs: MINUTE,
    windowMs: 15 * MINUTE,
    minRevisions,
  };
  const compactor = new Compactor(options);
  const write = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const key = { resource: 'r', namespace: '', name: 'a' };
      const revision = memory.revision + 1;
      const body = encodeBody({ apiVersion: 'v1', kind: 'X', metadata: { name: 'a' } });
      memory.apply([{ revision, commitId: 'c', key, object: restore(key, revision, body) }]);
    }
  };
  const fail = (error: Error | undefined): void => {
    failure = error;
  };
  return { compactor, memory, asked, write, advance, timerSet, fail };
}

const settled = () => new Promise(setImmediate);

describe('Compactor', () => {
  it('drops what is older than the window, by the clock', async () => {
    const { compactor, memory, asked, write, advance } = setUp(1);
    for (let minute = 1; minute <= 20; minute++) {
      write(10);
      advance(MINUTE);
      await settled();
    }
    // At minute m the revisions of minute m - 15 go; the first marks had nothing to drop.
    expect(asked).toEqual([10, 20, 30, 40, 50]);
    expect(memory.compacted).toBe(50);
    await compactor.close();
  });

  it('keeps the least number of revisions, however old', async () => {
    const { compactor, asked, write, advance } = setUp(100);
    write(150);
    await compactor.compact();
    advance(16 * MINUTE);
    expect(await compactor.compact()).toBe(50);
    advance(16 * MINUTE);
    expect(await compactor.compact()).toBe(50);
    expect(asked).toEqual([50]);
    await compactor.close();
  });

  it('tries again after a failure, and stops when it is closed', async () => {
    const { compactor, asked, write, advance, timerSet, fail } = setUp(1);
    write(10);
    await compactor.compact();
    fail(new Error('the database is away'));
    advance(16 * MINUTE);
    await settled();
    fail(undefined);
    expect(timerSet()).toBe(true);
    advance(MINUTE);
    await settled();
    expect(asked).toEqual([9]);
    await compactor.close();
    expect(timerSet()).toBe(false);
  });
});
