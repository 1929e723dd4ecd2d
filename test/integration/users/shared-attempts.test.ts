import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock as clock } from '#api/machinery/clock';
import { createManualClock } from '#api/machinery/manual-clock';
import { connectCounting } from '#api/shared-counts/counting-redis';
import { createLoginAttempts } from '#api/users/login/login-attempts';
import type { LoginAttempts } from '#api/users/login/login-attempts';
import { createSharedCounts } from '#api/users/login/shared-counts';
import { privateRedis } from '#dev/environment/redis';
import { testApi } from '../../kit/api.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';
import { status, tryLogin } from './people.ts';

/** Attempts to log in through two replicas that have one Redis. */

const logger = recordingLogger();
const stack = new AsyncDisposableStack();
let redis: Awaited<ReturnType<typeof privateRedis>>;
let replicas: [LoginAttempts, LoginAttempts];

beforeAll(async () => {
  redis = stack.use(await privateRedis());
  const replica = async (): Promise<LoginAttempts> => {
    const counting = stack.use(connectCounting({ url: redis.url, logger }));
    await counting.connected;
    return createLoginAttempts({ clock, shared: createSharedCounts(counting) });
  };
  replicas = [await replica(), await replica()];
});
afterAll(() => stack.disposeAsync());

const at = (userName: string, network: string, device?: string) => ({ userName, network, device });
const refused = { code: 429, reason: 'TooManyRequests' };

describe('attempts through two replicas', () => {
  it('are counted together, before they have failed', async () => {
    const name = randomUUID();
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => replicas[n % 2 === 0 ? 0 : 1].enter(at(name, name))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
  });

  it('are forgiven through either', async () => {
    const name = randomUUID();
    for (let turn = 0; turn < 20; turn++) {
      for (const replica of replicas) {
        const attempt = await replica.enter(at(name, name));
        await attempt.succeeded();
      }
    }
  });

  it('of others do not hinder a device that is known', async () => {
    const name = randomUUID();
    for (let host = 0; host <= 30; host++) await replicas[0].enter(at(name, `${name}-${host}`));
    await expect(replicas[1].enter(at(name, `${name}-other`))).rejects.toMatchObject(refused);
    await replicas[1].enter(at(name, `${name}-other`, 'laptop'));
  });

  it('are judged by Redis as by a replica alone', async () => {
    const one = fc.record({
      user: fc.constantFrom('a', 'b'),
      host: fc.constantFrom('1', '2', '3'),
      device: fc.constantFrom(undefined, undefined, undefined, 'd'),
      succeeds: fc.constantFrom(false, false, false, false, true),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { maxLength: 80 }), async (sequence) => {
        const alone = createLoginAttempts({ clock: createManualClock() });
        const run = randomUUID();
        for (const { user, host, device, succeeds } of sequence) {
          const verdicts = [alone, replicas[0]].map(async (attempts) => {
            const attempt = await attempts.enter(at(run + user, run + host, device)).catch(() => undefined);
            if (succeeds) await attempt?.succeeded();
            return attempt !== undefined;
          });
          const [want, got] = await Promise.all(verdicts);
          expect(got).toBe(want);
        }
      }),
      { numRuns: 20, seed: 20_261_130 },
    );
  });

  it('over HTTP are refused by one server after failures at the other', async () => {
    const options = { redisURL: redis.url, edge: { rates: { login: [] } } };
    await using first = await testApi(options);
    await using second = await testApi(options);
    const name = `user-${randomUUID()}`.slice(0, 40);
    const codes: number[] = [];
    for (let n = 0; n < 6; n++) codes.push(await status(tryLogin(n % 2 === 0 ? first : second, name)));
    expect(codes).toEqual([401, 401, 401, 401, 401, 401]);
    // The delay of a second would be over on a busy machine: the next one makes it two, then four.
    await expect
      .poll(async () => [await status(tryLogin(first, name)), await status(tryLogin(second, name))], {
        timeout: 20_000,
      })
      .toEqual([429, 429]);
  });

  it('are counted by each alone while Redis is away, from what each knows', async () => {
    const name = randomUUID();
    for (let n = 0; n < 6; n++) await replicas[0].enter(at(name, name));
    await redis.kill();
    await expect(replicas[0].enter(at(name, name))).rejects.toMatchObject(refused);
    for (let n = 0; n < 6; n++) await replicas[1].enter(at(name, name));
    await expect(replicas[1].enter(at(name, name))).rejects.toMatchObject(refused);
  });

  it('tell of no failure of a script', () => {
    expect(logger.lines).toEqual([]);
  });
});
