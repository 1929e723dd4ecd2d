import { BoundedCache } from '../../machinery/bounded-cache.ts';
import type { Clock } from '../../machinery/clock.ts';

/** How long one waits after so many failures. */
export interface DelayRule {
  /** Failures without a delay. */
  free: number;
  /** After the first failure beyond; it doubles with each. Milliseconds. */
  firstDelay: number;
  longestDelay: number;
}

/** One of the counts that an attempt belongs to. */
export interface CountedKey {
  key: string;
  rule: DelayRule;
  /** Holds in place of `rule` while a key that `presses` is beyond its free failures. */
  pressedRule?: DelayRule;
  presses?: boolean;
  /** Whether a success forgives all failures, or one: that of the attempt itself. */
  forgives: 'all' | 'one';
}

/** Where failures are counted. Each attempt counts as one until it has succeeded. */
export interface FailureCounts {
  /** Counts an attempt in all of its keys, or in none. @returns milliseconds to wait; 0 when it was counted */
  enter(keys: readonly CountedKey[]): Promise<number>;
  settle(keys: readonly CountedKey[]): Promise<void>;
}

/** Failures are forgotten after so long without another one. */
export const FORGET_MS = 60 * 60_000;
const MOST_COUNTS = 50_000;

interface Count {
  failures: number;
  lastAt: number;
}

/** Counts in the memory of this process, with a bound. */
export class MemoryCounts implements FailureCounts {
  readonly #counts = new BoundedCache<Count>({ most: MOST_COUNTS });
  readonly #clock: Clock;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  async enter(keys: readonly CountedKey[]): Promise<number> {
    const wait = this.#waitOf(keys);
    if (wait === 0) this.note(keys);
    return wait;
  }

  /** Counts an attempt that was let through elsewhere. */
  note(keys: readonly CountedKey[]): void {
    const lastAt = this.#clock.now();
    for (const { key } of keys) this.#counts.set(key, { failures: this.#of(key).failures + 1, lastAt });
  }

  async settle(keys: readonly CountedKey[]): Promise<void> {
    for (const { key, forgives } of keys) {
      const known = this.#counts.get(key);
      if (known === undefined) continue;
      if (forgives === 'all') this.#counts.delete(key);
      else this.#counts.set(key, { ...known, failures: known.failures - 1 });
    }
  }

  #waitOf(keys: readonly CountedKey[]): number {
    const now = this.#clock.now();
    const isPressed = keys.some(({ key, rule, presses }) => presses && this.#of(key).failures > rule.free);
    const waits = keys.map(({ key, rule, pressedRule }) => {
      const { failures, lastAt } = this.#of(key);
      return lastAt + delayOf(failures, isPressed && pressedRule !== undefined ? pressedRule : rule) - now;
    });
    return Math.max(0, ...waits);
  }

  #of(key: string): Count {
    const known = this.#counts.get(key);
    const isOver = known === undefined || known.lastAt + FORGET_MS <= this.#clock.now();
    return isOver ? { failures: 0, lastAt: Number.NEGATIVE_INFINITY } : known;
  }
}

function delayOf(failures: number, { free, firstDelay, longestDelay }: DelayRule): number {
  return failures <= free ? 0 : Math.min(firstDelay * 2 ** (failures - free - 1), longestDelay);
}
