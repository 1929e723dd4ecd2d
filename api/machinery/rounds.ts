import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import { describeError } from './logger.ts';
import type { Logger } from './logger.ts';

export interface RoundsOptions {
  /** How long to wait for the next round, in milliseconds; asked before each one. */
  pause: (afterFailure: boolean) => number;
  /** The signal aborts when the rounds are to end. One that fails is logged, and does not end them. */
  round: (signal: AbortSignal) => Promise<void>;
  /** The message for a round that failed. */
  failure: string;
  clock: Clock;
  logger: Logger;
}

export interface Rounds {
  /** Ends them; resolves once the round under way is over. */
  stop(): Promise<void>;
}

/** Does something again and again, one round after the other, with a pause before each. */
export function startRounds(options: RoundsOptions): Rounds {
  const stopping = new AbortController();
  const done = goRound(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function goRound(
  { pause, round, failure, clock, logger }: RoundsOptions,
  signal: AbortSignal,
): Promise<void> {
  let hasFailed = false;
  for (;;) {
    try {
      await sleep(clock, pause(hasFailed), signal);
    } catch {
      return; // stopped
    }
    try {
      await round(signal);
      hasFailed = false;
    } catch (error) {
      hasFailed = true;
      logger.warn(failure, { error: describeError(error) });
    }
  }
}
