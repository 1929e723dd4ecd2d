import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatMicroTime, formatTime, readTime, sleep, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';

/** A clock whose timers fire when the test says so. */
function handClock(): Clock & { fire(): void; pending(): number } {
  const timers = new Set<() => void>();
  return {
    now: () => 0,
    after(_ms, fn) {
      timers.add(fn);
      return () => timers.delete(fn);
    },
    fire: () => timers.forEach((fn) => fn()),
    pending: () => timers.size,
  };
}

describe('time on the wire', () => {
  it.each([
    [formatTime, '2026-11-21T06:00:00Z', 'metav1.Time has whole seconds'],
    [formatMicroTime, '2026-11-21T06:00:00.123000Z', 'metav1.MicroTime has six digits'],
  ] as const)('%o', (format, want, reason) => {
    expect(format(Date.UTC(2026, 10, 21, 6, 0, 0, 123)), reason).toBe(want);
  });
});

it.each([Date.UTC(11_532, 0), 1000 * Number.MAX_SAFE_INTEGER, Infinity])(
  'the time %d, which RFC 3339 cannot tell, is its last one, and stays behind all others',
  (time) => expect(formatTime(time)).toBe('9999-12-31T23:59:59Z'),
);

it.each([
  ['2026-11-30T23:59:59Z', Date.UTC(2026, 10, 30, 23, 59, 59)],
  ['2026-11-30T12:00:00.5+01:00', Date.UTC(2026, 10, 30, 11, 0, 0, 500)],
  ['2026-11-30T24:00:00Z', undefined],
  ['2026-02-30T00:00:00Z', undefined],
  ['2026-11-30', undefined],
])('the time of %j', (text, want) => expect(readTime(text)).toBe(want));

describe('the clock of the machine', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('waits for longer than one timer of Node can, as for a Lease of a year', () => {
    const ms = 365 * 24 * 3_600_000;
    const seen: string[] = [];
    systemClock.after(ms, () => void seen.push('waited'));
    const cancel = systemClock.after(ms, () => void seen.push('cancelled'));
    vi.advanceTimersByTime(ms - 1);
    expect(seen).toEqual([]);
    cancel();
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['waited']);
  });
});

describe('sleep', () => {
  it('resolves when the clock fires', async () => {
    const clock = handClock();
    const slept = sleep(clock, 10);
    clock.fire();
    await expect(slept).resolves.toBeUndefined();
  });

  it('rejects with the reason of the abort and leaves no timer', async () => {
    const clock = handClock();
    const abort = new AbortController();
    const slept = sleep(clock, 10, abort.signal);
    abort.abort(new Error('stopping'));
    await expect(slept).rejects.toThrow('stopping');
    expect(clock.pending()).toBe(0);
    await expect(sleep(clock, 10, abort.signal)).rejects.toThrow('stopping');
  });
});
