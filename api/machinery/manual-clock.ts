import type { SteadyClock } from './clock.ts';

/** A clock that stands still until it is told to move: for tests of anything that waits. */
export interface ManualClock extends SteadyClock {
  /** Moves on by `ms`, firing what is due on the way, in order. */
  advance(ms: number): void;
  /** How many timers wait. */
  readonly pending: number;
}

interface Timer {
  at: number;
  fn: () => void;
}

/** @param start milliseconds since the epoch. */
export function createManualClock(start = 0): ManualClock {
  let now = start;
  const timers = new Set<Timer>();
  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  };
  return {
    now: () => now,
    elapsed: () => now,
    after(ms, fn) {
      const timer = { at: now + Math.max(0, ms), fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
        timers.delete(timer);
        now = timer.at;
        timer.fn();
      }
      now = until;
    },
    get pending() {
      return timers.size;
    },
  };
}
