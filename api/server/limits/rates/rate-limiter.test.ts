import { expect, it } from 'vitest';
import { silentLogger } from '../../../machinery/logger.ts';
import { connectCounting } from '../../../shared-counts/counting-redis.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { DEFAULT_RATES } from './rates.ts';
import type { EndpointClass } from './rates.ts';

const rates = { ...DEFAULT_RATES, login: [{ requests: 3, seconds: 3600 }] };

async function times(
  count: number,
  limiter: ReturnType<typeof createRateLimiter>,
  [endpoint, key]: [EndpointClass, string],
): Promise<void> {
  for (let n = 0; n < count; n++) await limiter.count(endpoint, key);
}

it('refuses what is more than the rate, of each key and class by itself, and says when to come back', async () => {
  const limiter = createRateLimiter({ rates });
  await times(3, limiter, ['login', 'a']);
  await expect(limiter.count('login', 'a')).rejects.toMatchObject({ code: 429, reason: 'TooManyRequests' });
  const refused = await limiter.count('login', 'a').catch((error: unknown) => error);
  const { retryAfterSeconds } = (refused as { details: { retryAfterSeconds: number } }).details;
  expect(retryAfterSeconds).toBeGreaterThan(3000);
  expect(retryAfterSeconds).toBeLessThanOrEqual(3600);
  await times(3, limiter, ['login', 'b']);
  await times(10, limiter, ['sensitive', 'a']);
  await expect(limiter.count('sensitive', 'a')).rejects.toMatchObject({ code: 429 });
});

it('holds all rates of a class', async () => {
  const both = [
    { requests: 5, seconds: 1 },
    { requests: 2, seconds: 3600 },
  ];
  const limiter = createRateLimiter({ rates: { ...rates, login: both } });
  await times(2, limiter, ['login', 'a']);
  await expect(limiter.count('login', 'a')).rejects.toMatchObject({ code: 429 });
});

it('has no limit for a class without rates', async () => {
  const limiter = createRateLimiter({ rates: { ...rates, api: [] } });
  await times(1000, limiter, ['api', 'a']);
});

it('counts alone while Redis is away', async () => {
  await using redis = connectCounting({ url: 'redis://127.0.0.1:1', logger: silentLogger });
  const limiter = createRateLimiter({ rates, redis });
  await times(3, limiter, ['login', 'a']);
  await expect(limiter.count('login', 'a')).rejects.toMatchObject({ code: 429 });
});
