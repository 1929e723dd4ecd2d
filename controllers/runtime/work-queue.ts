import { backOffDelay } from '#api/machinery/back-off';
import type { BackOff } from '#api/machinery/back-off';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';

/**
 * Keys that wait for a reconcile (client-go's workqueue, in one object).
 * - A key is in line at most once, however often it is added: level-triggered work needs no history.
 * - A key that is being worked on is never handed out a second time; added meanwhile, it goes to the end of
 *   the line when it is done.
 * - First come, first served. A key that fails waits longer each time, and holds up nobody else.
 */
export interface WorkQueue {
  add(key: string): void;
  /** Adds after `ms`. Of several delays for one key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Adds after the key's back-off, at most `longestMs`, and returns that delay in ms; each call without a `forget` doubles it. */
  retry(key: string, longestMs?: number): number;
  /** The key succeeded: its back-off begins anew. */
  forget(key: string): void;
  /** The next key, once there is one; undefined after `shutDown`. The caller owes a `done`. */
  next(): Promise<string | undefined>;
  done(key: string): void;
  /** Ends all waiting; drops what is in line. */
  shutDown(): void;
  /** Keys in line now. */
  readonly length: number;
}

export interface WorkQueueOptions {
  clock?: Clock;
  backOff?: BackOff;
}

/** controller-runtime begins with 5 ms and ends with 1000 s; nobody watching a Task waits that long. */
const DEFAULT_BACK_OFF: BackOff = { first: 5, max: 5 * 60_000 };
/** setTimeout fires at once for longer delays. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Delayed {
  at: number;
  cancel: () => void;
}

interface State {
  /** In line, in order. */
  line: Set<string>;
  working: Set<string>;
  /** Added while being worked on. */
  dirty: Set<string>;
  delayed: Map<string, Delayed>;
  failures: Map<string, number>;
  waiters: ((key: string | undefined) => void)[];
  closed: boolean;
}

export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const clock = options.clock ?? systemClock;
  const backOff = options.backOff ?? DEFAULT_BACK_OFF;
  const state: State = {
    line: new Set(),
    working: new Set(),
    dirty: new Set(),
    delayed: new Map(),
    failures: new Map(),
    waiters: [],
    closed: false,
  };
  const queue: WorkQueue = {
    add(key) {
      if (state.closed) return;
      if (state.working.has(key)) state.dirty.add(key);
      else state.line.add(key);
      handOut(state);
    },
    addAfter(key, ms) {
      if (state.closed) return;
      if (ms <= 0) queue.add(key);
      else delay({ state, clock, add: (due) => queue.add(due) }, key, Math.min(ms, LONGEST_TIMER_MS));
    },
    retry(key, longestMs = backOff.max) {
      const failures = (state.failures.get(key) ?? 0) + 1;
      state.failures.set(key, failures);
      const ms = Math.min(backOffDelay(backOff, failures), longestMs);
      queue.addAfter(key, ms);
      return ms;
    },
    forget: (key) => void state.failures.delete(key),
    next: () =>
      new Promise((resolve) => {
        state.waiters.push(resolve);
        handOut(state);
      }),
    done(key) {
      state.working.delete(key);
      if (state.dirty.delete(key)) queue.add(key);
    },
    shutDown: () => shutDown(state),
    get length() {
      return state.line.size;
    },
  };
  return queue;
}

/** Gives the first in line to who has waited longest. */
function handOut(state: State): void {
  if (state.closed) {
    for (const waiter of state.waiters.splice(0)) waiter(undefined);
    return;
  }
  for (const key of state.line) {
    const waiter = state.waiters.shift();
    if (waiter === undefined) return;
    state.line.delete(key);
    state.working.add(key);
    waiter(key);
  }
}

function delay(
  context: { state: State; clock: Clock; add: (key: string) => void },
  key: string,
  ms: number,
): void {
  const { state, clock, add } = context;
  const at = clock.now() + ms;
  const planned = state.delayed.get(key);
  if (planned !== undefined && planned.at <= at) return;
  planned?.cancel();
  const cancel = clock.after(ms, () => {
    state.delayed.delete(key);
    add(key);
  });
  state.delayed.set(key, { at, cancel });
}

function shutDown(state: State): void {
  state.closed = true;
  for (const { cancel } of state.delayed.values()) cancel();
  state.delayed.clear();
  state.line.clear();
  state.dirty.clear();
  handOut(state);
}
