import { backOffDelay } from '#api/machinery/back-off';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';

export interface RetryOptions {
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  /** The action, for the log: `cannot ${what}, trying again`. */
  what: string;
  /** Which failures another try may get over; default isPassing. */
  isCurable?: (error: unknown) => boolean;
  /** Milliseconds; default 100. */
  firstWait?: number;
}

const BACK_OFF = { first: 100, max: 5000 };

/**
 * Does `act` until it works or fails for a reason that another try does not change. Rejects with the signal's
 * reason when it aborts meanwhile.
 */
export async function retryUntilDone<T>(act: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { isCurable = isPassing } = options;
  const backOff = { ...BACK_OFF, first: options.firstWait ?? BACK_OFF.first };
  for (let failures = 1; ; failures += 1) {
    options.signal.throwIfAborted();
    try {
      return await act();
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isCurable(error)) throw error;
      options.logger.warn(`cannot ${options.what}, trying again`, { cause: describeError(error) });
    }
    await sleep(options.clock, backOffDelay(backOff, failures), options.signal);
  }
}

/** Whether the failure says that the other side is away or busy, not that the request is wrong. */
export function isPassing(error: unknown): boolean {
  if (!isStatusError(error)) return false;
  if (error.reason === 'TooManyRequests') return true;
  return error.code >= 500;
}

/**
 * As isPassing, and while the API refuses our credential: rights can be granted and credentials renewed, and the work
 * of an agent must not be lost until then.
 */
export function isPassingOrRefused(error: unknown): boolean {
  return isPassing(error) || isStatusError(error, 'Unauthorized') || isStatusError(error, 'Forbidden');
}
