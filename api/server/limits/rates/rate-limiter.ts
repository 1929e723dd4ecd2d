import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { StatusError } from '../../../machinery/status-error.ts';
import { connectForRates } from './rates-redis.ts';
import type { EndpointClass, Rates } from './rates.ts';

/** Counts requests, and refuses those that are more than their rate. */
export interface RateLimiter extends AsyncDisposable {
  /** `key` is the user, or the address of one who is not known yet. @throws StatusError TooManyRequests */
  count(endpoint: EndpointClass, key: string): Promise<void>;
  /** Resolves once replicas count together; at once where they never do. */
  readonly connected: Promise<void>;
}

export interface RateLimiterOptions {
  rates: Rates;
  /** Where replicas count together; absent, or while it is away, each counts for itself. It may hold a password. */
  redisURL?: string | undefined;
}

/**
 * What is rare is counted by all replicas together: else each further replica would let a password be guessed more
 * often. Requests of the API proper are counted by the replica that serves them, which is what has to be protected;
 * asking Redis each time would cost more than it saves.
 */
export function createRateLimiter({ rates, redisURL }: RateLimiterOptions): RateLimiter {
  const redis = redisURL === undefined ? undefined : connectForRates(redisURL);
  const limiters: Record<EndpointClass, RateLimiterAbstract[]> = {
    api: inMemory(rates, 'api'),
    login: redis === undefined ? inMemory(rates, 'login') : together(rates, 'login', redis),
    sensitive: redis === undefined ? inMemory(rates, 'sensitive') : together(rates, 'sensitive', redis),
  };
  return {
    connected: new Promise((resolve) => {
      if (redis === undefined) resolve();
      else redis.once('ready', resolve);
    }),
    async count(endpoint, key) {
      for (const limiter of limiters[endpoint]) await consume(limiter, key);
    },
    async [Symbol.asyncDispose]() {
      redis?.disconnect();
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
  storeClient: ReturnType<typeof connectForRates>,
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
