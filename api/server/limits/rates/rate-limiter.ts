import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { StatusError } from '../../../machinery/status-error.ts';
import type { CountingRedis } from '../../../shared-counts/counting-redis.ts';
import type { EndpointClass, Rates } from './rates.ts';

/** Counts requests, and refuses those that are more than their rate. */
export interface RateLimiter {
  /** `key` is the user, or the address of one who is not known yet. @throws StatusError TooManyRequests */
  count(endpoint: EndpointClass, key: string): Promise<void>;
}

export interface RateLimiterOptions {
  rates: Rates;
  /** Where replicas count together; absent, or while it is away, each counts for itself. */
  redis?: CountingRedis | undefined;
}

/**
 * What is rare is counted by all replicas together: else each further replica would let a password be guessed more
 * often. Requests of the API proper are counted by the replica that serves them, which is what has to be protected;
 * asking Redis each time would cost more than it saves.
 */
export function createRateLimiter({ rates, redis }: RateLimiterOptions): RateLimiter {
  const limiters: Record<EndpointClass, RateLimiterAbstract[]> = {
    api: inMemory(rates, 'api'),
    login: redis === undefined ? inMemory(rates, 'login') : together(rates, 'login', redis),
    webhook: inMemory(rates, 'webhook'),
    sensitive: redis === undefined ? inMemory(rates, 'sensitive') : together(rates, 'sensitive', redis),
  };
  return {
    async count(endpoint, key) {
      for (const limiter of limiters[endpoint]) await consume(limiter, key);
    },
  };
}

const optionsOf = (rates: Rates, endpoint: EndpointClass) =>
  rates[endpoint].map(({ requests, seconds }) => ({
    points: requests,
    duration: seconds,
    keyPrefix: `troupe:rate:${endpoint}:${seconds}`,
  }));

const inMemory = (rates: Rates, endpoint: EndpointClass): RateLimiterAbstract[] =>
  optionsOf(rates, endpoint).map((options) => new RateLimiterMemory(options));

function together(
  rates: Rates,
  endpoint: EndpointClass,
  { client: storeClient }: CountingRedis,
): RateLimiterAbstract[] {
  return optionsOf(rates, endpoint).map(
    (options) =>
      new RateLimiterRedis({
        ...options,
        storeClient,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory(options),
        // Who is over the limit stays over it until the time is up: Redis need not be asked again.
        inMemoryBlockOnConsumed: options.points + 1,
      }),
  );
}

async function consume(limiter: RateLimiterAbstract, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new StatusError('TooManyRequests', 'Too many requests, please try again later.', {
      details: { retryAfterSeconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)) },
    });
  }
}
