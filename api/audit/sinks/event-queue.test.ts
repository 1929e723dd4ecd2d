import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { silentMeter } from '../../machinery/meter.ts';
import type { Meter } from '../../machinery/meter.ts';
import { EventQueue } from './event-queue.ts';
import type { EventQueueOptions } from './event-queue.ts';

/** A clock whose time passes when the test says so. */
function handClock() {
  const timers: { at: number; fn: () => void }[] = [];
  let now = 0;
  return {
    now: () => now,
    after(ms: number, fn: () => void) {
      const timer = { at: now + ms, fn };
      timers.push(timer);
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
    },
    async pass(ms: number) {
      now += ms;
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.fn();
      }
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    },
  };
}

function countingMeter(): { meter: Meter; dropped: () => number; failures: () => number } {
  const counts = new Map<string, number>();
  const of = (name: string): number => counts.get(name) ?? 0;
  const counter: Meter['counter'] = ({ name }) => ({
    add: (by = 1) => void counts.set(name, of(name) + by),
  });
  return {
    meter: { ...silentMeter, counter },
    dropped: () => of('apiserver_audit_error_total'),
    failures: () => of('troupe_audit_delivery_failures_total'),
  };
}

function queue(options: Partial<EventQueueOptions> = {}) {
  const clock = handClock();
  const { meter, dropped, failures } = countingMeter();
  const batches: (readonly string[])[] = [];
  const made = new EventQueue({
    ...{ name: 'log', mode: 'batch', batchSize: 3, batchWaitMs: 100, retryMs: [1000, 2000] },
    deliver: async (events) => void batches.push(events),
    ...{ clock, logger: silentLogger, meter },
    ...options,
  });
  return { queue: made, clock, batches, dropped, failures };
}

describe('in batches', () => {
  it('events wait for others for a while', async () => {
    const { queue: events, clock, batches } = queue();
    void events.accept('a');
    void events.accept('b');
    expect(batches).toEqual([]);
    await clock.pass(100);
    expect(batches).toEqual([['a', 'b']]);
  });

  it('a full batch leaves at once, and the rest after it', async () => {
    const { queue: events, clock, batches } = queue();
    for (const event of 'abcd') void events.accept(event);
    await clock.pass(0);
    expect(batches).toEqual([['a', 'b', 'c'], ['d']]);
  });

  it('what cannot be handed over is tried again, then dropped and counted', async () => {
    let attempts = 0;
    const {
      queue: events,
      clock,
      dropped,
      failures,
    } = queue({
      deliver: () => {
        attempts += 1;
        return Promise.reject(new Error('away'));
      },
    });
    void events.accept('a');
    await clock.pass(100);
    await clock.pass(1000);
    expect({ attempts, dropped: dropped() }).toEqual({ attempts: 2, dropped: 0 });
    await clock.pass(2000);
    expect({ attempts, dropped: dropped() }).toEqual({ attempts: 3, dropped: 1 });
    expect(failures()).toBe(3);
  });

  it('what does not fit is dropped, counted, and keeps nobody waiting', () => {
    const { queue: events, dropped } = queue({ deliver: () => new Promise(() => undefined) });
    const kept = Array.from({ length: 10_005 }, () => events.accept('x'));
    expect(kept.filter((one) => one === true)).toHaveLength(10_000);
    expect(dropped()).toBe(5);
  });

  it('nor do more characters than fit', () => {
    const { queue: events, dropped } = queue({ deliver: () => new Promise(() => undefined) });
    const large = 'x'.repeat(30 * 1024 * 1024);
    expect([events.accept(large), events.accept(large), events.accept(large)]).toEqual([true, true, false]);
    expect(dropped()).toBe(1);
  });

  it('the end hands over what waits', async () => {
    const { queue: events, batches } = queue();
    void events.accept('a');
    await events.close();
    expect(batches).toEqual([['a']]);
    expect(events.accept('b')).toBe(false);
  });

  it('the end does not wait for ever', async () => {
    const { queue: events, clock, dropped } = queue({ deliver: () => new Promise(() => undefined) });
    void events.accept('a');
    const closed = events.close();
    await clock.pass(5000);
    await closed;
    expect(dropped()).toBe(1);
  });
});

describe('blocking', () => {
  it('resolves when the event was handed over', async () => {
    const { queue: events, batches } = queue({ mode: 'blocking' });
    expect(await events.accept('a')).toBe(true);
    expect(batches).toEqual([['a']]);
  });

  it('does not wait for a second attempt', async () => {
    const { queue: events, dropped } = queue({
      mode: 'blocking',
      deliver: () => Promise.reject(new Error('full')),
    });
    expect(await events.accept('a')).toBe(false);
    expect(dropped()).toBe(1);
  });
});
