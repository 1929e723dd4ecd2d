import { backOffDelay } from '#api/machinery/back-off';
import type { BackOff } from '#api/machinery/back-off';
import { systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { silentMeter } from '#api/machinery/meter';
import type { Meter } from '#api/machinery/meter';
import { queueFigures } from './queue-figures.ts';
import type { QueueFigures } from './queue-figures.ts';

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
  /** How long the key that is worked on the longest has been, in milliseconds; 0 while none is. */
  longestWorkMs(): number;
}

export interface WorkQueueOptions {
  /** Of the queue's figures. */
  name?: string;
  meter?: Meter;
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
  /** In line, in order, and since when. */
  line: Map<string, number>;
  /** At the first in line, see firstInLine. */
  cursor: MapIterator<[string, number]>;
  /** Worked on, and since when. */
  working: Map<string, number>;
  /** Added while being worked on, and when. */
  dirty: Map<string, number>;
  delayed: Map<string, Delayed>;
  failures: Map<string, number>;
  waiters: ((key: string | undefined) => void)[];
  closed: boolean;
}

export function createWorkQueue(options: WorkQueueOptions = {}): WorkQueue {
  const clock = options.clock ?? systemClock;
  const backOff = options.backOff ?? DEFAULT_BACK_OFF;
  const line = new Map<string, number>();
  const state: State = {
    line,
    cursor: line.entries(),
    working: new Map(),
    dirty: new Map(),
    delayed: new Map(),
    failures: new Map(),
    waiters: [],
    closed: false,
  };
  const figures = queueFigures({
    name: options.name ?? '',
    meter: options.meter ?? silentMeter,
    depth: () => state.line.size,
    work: () => [...state.working.values()].map((since) => clock.now() - since),
  });
  const parts: Parts = { state, clock, figures };
  const queue: WorkQueue = {
    add: (key) => add(parts, key),
    addAfter(key, ms) {
      if (state.closed) return;
      figures.retried();
      if (ms <= 0) add(parts, key);
      else delay(parts, key, Math.min(ms, LONGEST_TIMER_MS));
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
        handOut(parts);
      }),
    done: (key) => done(parts, key),
    shutDown: () => shutDown(parts),
    get length() {
      return state.line.size;
    },
    longestWorkMs: () => Math.max(0, ...[...state.working.values()].map((since) => clock.now() - since)),
  };
  return queue;
}

interface Parts {
  state: State;
  clock: Clock;
  figures: QueueFigures;
}

function add(parts: Parts, key: string): void {
  const { state, clock, figures } = parts;
  const known = state.working.has(key) ? state.dirty : state.line;
  if (state.closed || known.has(key)) return;
  known.set(key, clock.now());
  figures.added();
  handOut(parts);
}

function done(parts: Parts, key: string): void {
  const { state, clock, figures } = parts;
  const began = state.working.get(key);
  if (began !== undefined) figures.worked(clock.now() - began);
  state.working.delete(key);
  const since = state.dirty.get(key);
  if (since === undefined) return;
  state.dirty.delete(key);
  state.line.set(key, since);
  handOut(parts);
}

/** Gives the first in line to who has waited longest. */
function handOut({ state, clock, figures }: Parts): void {
  if (state.closed) {
    for (const waiter of state.waiters.splice(0)) waiter(undefined);
    return;
  }
  while (state.waiters.length > 0) {
    const first = firstInLine(state);
    if (first === undefined) return;
    const [key, since] = first;
    const now = clock.now();
    state.line.delete(key);
    state.working.set(key, now);
    figures.waited(now - since);
    state.waiters.shift()?.(key);
  }
}

/**
 * The cursor stays where it is: to begin at the front each time would pass over all that were handed out, which a Map keeps
 * as holes for a while, and a hundred thousand keys would take the square of that. It sees what is added behind it.
 */
function firstInLine(state: State): [key: string, since: number] | undefined {
  if (state.line.size === 0) return undefined;
  let next = state.cursor.next();
  if (next.done === true) {
    state.cursor = state.line.entries();
    next = state.cursor.next();
  }
  return next.done === true ? undefined : next.value;
}

function delay(parts: Parts, key: string, ms: number): void {
  const { state, clock } = parts;
  const at = clock.now() + ms;
  const planned = state.delayed.get(key);
  if (planned !== undefined && planned.at <= at) return;
  planned?.cancel();
  const cancel = clock.after(ms, () => {
    state.delayed.delete(key);
    add(parts, key);
  });
  state.delayed.set(key, { at, cancel });
}

function shutDown(parts: Parts): void {
  const { state } = parts;
  state.closed = true;
  for (const { cancel } of state.delayed.values()) cancel();
  state.delayed.clear();
  state.line.clear();
  state.dirty.clear();
  handOut(parts);
}
