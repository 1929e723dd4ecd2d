import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';

export interface Persistence {
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  /** What is tried, for the log: `cannot ${what}, trying again`. */
  what: string;
  /** Which failures another try may get over; default isPassing. */
  passing?: (error: unknown) => boolean;
  /** Milliseconds; default 100. */
  firstWait?: number;
  /** Milliseconds; default 5000. */
  longestWait?: number;
}

/**
 * Does `act` until it works or fails for a reason that another try does not change. Rejects with the signal's
 * reason when it aborts meanwhile.
 */
export async function persist<T>(act: () => Promise<T>, options: Persistence): Promise<T> {
  const { passing = isPassing, longestWait: longest = 5000 } = options;
  let wait = options.firstWait ?? 100;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!passing(error)) throw error;
      options.logger.warn(`cannot ${options.what}, trying again`, { cause: describeError(error) });
    }
    await sleep(options.clock, wait, options.signal);
    wait = Math.min(wait * 2, longest);
  }
}

/** Whether the failure says that the other side is away or busy, not that the request is wrong. */
export function isPassing(error: unknown): boolean {
  if (!isStatusError(error)) return false;
  if (error.reason === 'TooManyRequests') return true;
  return error.code >= 500;
}

/**
 * As isPassing, and while the API refuses our credential: rights are given and credentials renewed, and what
 * an agent has done until then must not be lost.
 */
export function isCurable(error: unknown): boolean {
  return isPassing(error) || isStatusError(error, 'Unauthorized') || isStatusError(error, 'Forbidden');
}
