import type { Clock } from '../clock.ts';

export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  /** Failures in a row that open it. */
  failures: number;
  clock: Clock;
  /** Called at each change. */
  onChange: (state: CircuitState) => void;
}

/** How long it stays open, doubled with each probe that fails. */
const FIRST_OPEN_MS = 15_000;
const LONGEST_OPEN_MS = 300_000;

/**
 * Keeps calls away from what fails again and again. Closed: all calls pass. Open: none does, for a while. Half-open: one
 * call passes as a probe, and its outcome closes the circuit or opens it for longer.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #state: CircuitState = 'closed';
  #failures = 0;
  #openMs = FIRST_OPEN_MS;
  #openUntil = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Undefined when a call may pass; it has to be followed by `succeeded`, `failed` or `undecided`. Else the seconds to wait. */
  enter(): number | undefined {
    if (this.#state === 'closed') return undefined;
    const waitMs = this.#openUntil - this.#options.clock.elapsed();
    if (this.#state === 'open' && waitMs <= 0) {
      this.#become('half-open');
      return undefined;
    }
    return Math.max(1, Math.ceil(waitMs / 1000));
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openMs = FIRST_OPEN_MS;
    if (this.#state !== 'closed') this.#become('closed');
  }

  failed(): void {
    this.#failures += 1;
    if (this.#state === 'open') return;
    if (this.#state === 'closed' && this.#failures < this.#options.failures) return;
    if (this.#state === 'half-open') this.#openMs = Math.min(this.#openMs * 2, LONGEST_OPEN_MS);
    this.#openUntil = this.#options.clock.elapsed() + this.#openMs;
    this.#become('open');
  }

  /** The call was given up before its outcome was known; a probe may be made again at once. */
  undecided(): void {
    if (this.#state === 'half-open') this.#become('open');
  }

  #become(state: CircuitState): void {
    this.#state = state;
    this.#options.onChange(state);
  }
}
