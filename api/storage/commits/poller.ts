import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { EVERYTHING } from './wake-up.ts';
import { StorageError } from '../contract/storage-error.ts';
import type { WakeUp } from './wake-up.ts';
import type { Follower } from './follower.ts';

export interface PollerOptions {
  follower: Follower;
  wakeUp: WakeUp;
  clock: Clock;
  logger: Logger;
  /** Milliseconds between two looks at the log without a hint. */
  everyMs: number;
  /** The same while hints arrive. */
  hintedMs: number;
}

/** Looks for what other replicas committed: at every hint, and by the clock because hints may be lost. */
export class Poller {
  readonly #options: PollerOptions;
  readonly #unsubscribe: () => void;
  #cancelTimer: (() => void) | undefined;
  #failure: StorageError | undefined;
  #closed = false;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#unsubscribe = options.wakeUp.subscribe((topic) => {
      if (topic === 'revision') void this.#look();
      // It may be time to look more often.
      else if (topic === EVERYTHING) void this.#look().finally(() => this.#schedule());
    });
    this.#schedule();
  }

  /** Why the last look failed. */
  get failure(): StorageError | undefined {
    return this.#failure;
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#unsubscribe();
  }

  #schedule(): void {
    this.#cancelTimer?.();
    if (this.#closed) return;
    const { clock, wakeUp, everyMs, hintedMs } = this.#options;
    this.#cancelTimer = clock.after(wakeUp.listening ? hintedMs : everyMs, () => {
      void this.#look().finally(() => this.#schedule());
    });
  }

  async #look(): Promise<void> {
    const { follower, logger } = this.#options;
    try {
      await follower.catchUp();
      if (this.#failure !== undefined) logger.info('the database answers again');
      this.#failure = undefined;
    } catch (error) {
      // Said once per outage; requests that need the database fail with the same error.
      if (this.#failure === undefined && !this.#closed) {
        logger.warn('the database does not answer', { error: describeError(error) });
      }
      this.#failure =
        error instanceof StorageError
          ? error
          : new StorageError('Unavailable', 'the log of the database cannot be read', { cause: error });
    }
  }
}
