import { type Clock, sleep } from '#api/machinery/clock';
import { describeError, type Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';

export interface Persistence {
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  /** What is tried, for the log: `cannot ${what}, trying again`. */
  what: string;
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
  const longest = options.longestWait ?? 5000;
  let wait = options.firstWait ?? 100;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      if (!isPassing(error)) throw error;
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
