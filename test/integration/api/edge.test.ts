import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createRateLimiter } from '#api/server/limits/rates/rate-limiter';
import { DEFAULT_RATES } from '#api/server/limits/rates/rates';
import { connectCounting } from '#api/shared-counts/counting-redis';
import { privateRedis } from '#dev/environment/redis';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const CONSOLE = 'https://console.example.org';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const login = [{ requests: 3, seconds: 3600 }];

let api: TestApi;

beforeAll(async () => {
  api = await testApi({
    edge: {
      corsAllowedOrigins: ['^https://console\\.example\\.org$'],
      strictTransportSecurity: ['max-age=60'],
      trustedProxies: ['127.0.0.0/8'],
      rates: { login },
    },
  });
});

afterAll(() => api[Symbol.asyncDispose]());

describe('browsers', () => {
  it('show nothing and run nothing of an answer, whatever it is', async () => {
    for (const answer of [
      await api.send('/version'),
      await api.send(CONFIG_MAPS),
      await api.send('/no/such', { token: undefined }),
    ]) {
      expect(answer.headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'strict-transport-security': 'max-age=60',
      });
    }
  });

  it('ask without credentials whether a page may call, and hear it of those that may', async () => {
    const ask = (origin: string) =>
      api.send(CONFIG_MAPS, {
        method: 'OPTIONS',
        token: undefined,
        headers: { origin, 'access-control-request-method': 'POST' },
      });
    const allowed = await ask(CONSOLE);
    expect([allowed.status, allowed.headers['access-control-allow-origin']]).toEqual([204, CONSOLE]);
    const refused = await ask('https://attacker.org');
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, undefined]);
    const read = await api.send(CONFIG_MAPS, { headers: { origin: CONSOLE } });
    expect([read.status, read.headers['vary']]).toEqual([200, expect.stringContaining('Origin')]);
  });

  it('write nothing for a page of another origin, whatever they show for their user', async () => {
    const headers = { origin: 'https://attacker.org', 'sec-fetch-site': 'cross-site' };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'forged' } };
    const answer = await api.send(CONFIG_MAPS, { method: 'POST', headers, body });
    expect([answer.status, answer.json()['reason']]).toEqual([403, 'Forbidden']);
    expect((await api.send(`${CONFIG_MAPS}/forged`)).status).toBe(404);
  });
});

describe('logins', () => {
  const tryFrom = (address: string) =>
    api.send('/api/auth/login', {
      method: 'POST',
      token: undefined,
      headers: { 'x-forwarded-for': address },
      body: { user_name: 'alice', password: 'guess' },
    });

  it('are counted by the address that the proxy tells, before anything is looked at', async () => {
    for (let n = 0; n < 3; n++) expect((await tryFrom('203.0.113.9')).status).not.toBe(429);
    const refused = await tryFrom('203.0.113.9');
    expect([refused.status, refused.json()['reason']]).toEqual([429, 'TooManyRequests']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3000);
    expect((await tryFrom('203.0.113.10')).status, 'others are not locked out').not.toBe(429);
  });
});

it('counts what is rare together with other replicas, and alone while Redis is away', async () => {
  await using redis = await privateRedis();
  const key = randomUUID();
  const rates = { ...DEFAULT_RATES, login };
  const connect = () => connectCounting({ url: redis.url, logger: silentLogger });
  await using first = connect();
  await using second = connect();
  await Promise.all([first.connected, second.connected]);
  const one = createRateLimiter({ rates, redis: first });
  const other = createRateLimiter({ rates, redis: second });
  await one.count('login', key);
  await one.count('login', key);
  await other.count('login', key);
  await expect(one.count('login', key)).rejects.toMatchObject({ code: 429 });
  await expect(other.count('login', key)).rejects.toMatchObject({ code: 429 });
  await redis.kill();
  const next = randomUUID();
  for (let n = 0; n < 3; n++) await one.count('login', next);
  await expect(one.count('login', next)).rejects.toMatchObject({ code: 429 });
});
