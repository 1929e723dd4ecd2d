/** How the waits between the tries of one thing grow: doubled after each failure. All in milliseconds. */
export interface BackOff {
  /** The wait after the first failure. */
  first: number;
  /** No wait is longer. */
  max: number;
  /** The share of each wait that is random, 0 to 1 (default 0), so that many clients do not come back together. */
  jitter?: number;
}

/** Beyond this many doublings every wait has reached its maximum; a power above 2^1023 would be infinite. */
const MAX_DOUBLINGS = 40;

/**
 * Milliseconds to wait after `failures` failures in a row, at least 1.
 * @param random gives [0, 1)
 */
export function backOffDelay(
  { first, max, jitter = 0 }: BackOff,
  failures: number,
  random: () => number = Math.random,
): number {
  const whole = Math.min(first * 2 ** Math.min(failures - 1, MAX_DOUBLINGS), max);
  return jitter === 0 ? whole : whole * (1 - jitter * random());
}
