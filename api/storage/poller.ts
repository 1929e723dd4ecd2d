import type { Clock } from '../machinery/clock.ts';
import { describeError } from '../machinery/logger.ts';
import type { Logger } from '../machinery/logger.ts';
import type { WakeUp } from './contract.ts';
import type { Follower } from './follower.ts';

export interface PollerOptions {
  follower: Follower;
  wakeUp: WakeUp;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two looks at the log without a hint. */
  everyMs: number;
}

/** Looks for what other replicas committed: at every hint, and by the clock because hints may be lost. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #unsubscribe: () => void;
  #cancelTimer: (() => void) | undefined;
  #failing = false;
  #closed = false;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#unsubscribe = options.wakeUp.subscribe((topic) => {
      if (topic === 'revision') void this.#look();
    });
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#unsubscribe();
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(this.#options.everyMs, () => {
      void this.#look().finally(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const { follower, logger } = this.#options;
    try {
      await follower.catchUp();
      if (this.#failing) logger.info('the database answers again');
      this.#failing = false;
    } catch (error) {
      // Said once per outage; requests that need the database fail with the same error.
      if (!this.#failing && !this.#closed) {
        logger.warn('the database does not answer', { error: describeError(error) });
      }
      this.#failing = true;
    }
  }
}
