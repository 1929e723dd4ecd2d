import { Redis } from 'ioredis';

/** Milliseconds that a request waits for Redis before its replica counts alone. */
const LONGEST_WAIT_MS = 250;
/** Milliseconds between attempts to reach Redis, at most. */
const MAX_RETRY_MS = 2_000;

/** A connection that never keeps a request waiting: what Redis does not answer at once fails. */
export function connectForRates(url: string): Redis {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: LONGEST_WAIT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 100, MAX_RETRY_MS),
  });
  // The storage, which uses the same Redis, says when it is away.
  redis.on('error', () => undefined);
  return redis;
}
