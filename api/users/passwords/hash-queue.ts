import { StatusError } from '../../machinery/status-error.ts';

/**
 * Work that is costly on purpose, such as the hash of a password: a few at once, a few more wait, and beyond that
 * clients are told to come again. A flood of logins then costs the service two threads, and no other request.
 */
export class HashQueue {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ atOnce, mostWaiting }: { atOnce: number; mostWaiting: number }) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** @throws StatusError TooManyRequests when too many wait */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#mostWaiting) {
      throw new StatusError(
        'TooManyRequests',
        'Too many people log in at this moment, please try again later',
        {
          details: { retryAfterSeconds: 2 },
        },
      );
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The place goes to the one that waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
