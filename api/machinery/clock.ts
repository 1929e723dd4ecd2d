/** Time as a dependency, so that tests decide what time it is. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `fn` once after `ms`; the returned function cancels it. */
  after(ms: number, fn: () => void): () => void;
}

/** A clock that also counts time which nobody can set: its timers go by that. */
export interface SteadyClock extends Clock {
  /** Milliseconds since some moment. */
  elapsed(): number;
}

/** Node fires a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep a process alive. */
export const systemClock: SteadyClock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(ms, fn) {
    let timer: NodeJS.Timeout;
    const wait = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER_MS);
      timer = setTimeout(() => (left > step ? wait(left - step) : fn()), step);
      timer.unref();
    };
    wait(ms);
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 has four digits for a year; what is later, such as the end of a limit that means none, is its last second. */
const LAST_TIME_MS = Date.parse('9999-12-31T23:59:59Z');

/** RFC 3339 in UTC with whole seconds: the form of metav1.Time. */
export function formatTime(epochMs: number): string {
  const second = Math.floor(Math.min(epochMs, LAST_TIME_MS) / 1000);
  if (second !== lastTime.second) {
    lastTime = { second, text: `${new Date(second * 1000).toISOString().slice(0, 19)}Z` };
  }
  return lastTime.text;
}

/** Every write has its time, and a second has thousands of them. */
let lastTime = { second: Number.NaN, text: '' };

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** The time of a text as in RFC 3339, in milliseconds since the epoch; undefined for another text, and for a day or an hour that there is not. A day has no hour 24 there. */
export function readTime(text: string): number | undefined {
  const [, year, month, day] = DATE_TIME.exec(text) ?? [];
  const time = day === undefined ? Number.NaN : Date.parse(text);
  if (Number.isNaN(time)) return undefined;
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  return isDay ? time : undefined;
}

/** RFC 3339 in UTC with microseconds: the form of metav1.MicroTime. */
export function formatMicroTime(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
