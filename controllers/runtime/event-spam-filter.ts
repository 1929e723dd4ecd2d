import { BoundedCache } from '#api/machinery/bounded-cache';
import type { Clock } from '#api/machinery/clock';

/** client-go's spam filter: 25 events about one object at once, then one in five minutes. */
const BURST = 25;
const REFILL_MS = 5 * 60_000;
/** Objects remembered; the ones not heard of for longest are forgotten first. */
const MAX_OBJECTS = 4096;

/** A bucket of events per object, so that one object in trouble cannot fill the store. */
export function createSpamFilter(clock: Pick<Clock, 'now'>): { admits(object: string): boolean } {
  const buckets = new BoundedCache<{ tokens: number; at: number }>({ most: MAX_OBJECTS });
  return {
    admits(object) {
      const now = clock.now();
      const known = buckets.get(object) ?? { tokens: BURST, at: now };
      const tokens = Math.min(BURST, known.tokens + (now - known.at) / REFILL_MS);
      buckets.set(object, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: now });
      return tokens >= 1;
    },
  };
}
