import { describe, expect, it } from 'vitest';
import { createManualClock } from '../../machinery/manual-clock.ts';
import { createLoginAttempts } from './login-attempts.ts';
import type { LoginAttempts } from './login-attempts.ts';

const at = (userName: string, network: string, device?: string) => ({ userName, network, device });

async function fail(attempts: LoginAttempts, times: number, one: ReturnType<typeof at>): Promise<void> {
  for (let time = 0; time < times; time++) await attempts.enter(one);
}

const refused = (seconds: number) => ({ code: 429, details: { retryAfterSeconds: seconds } });

describe('attempts to log in', () => {
  it('get slower for one account from one place, up to a quarter of an hour', async () => {
    const clock = createManualClock(0);
    const attempts = createLoginAttempts({ clock });
    const alice = at('alice', '192.0.2.1');
    await fail(attempts, 6, alice);
    const waits: number[] = [];
    for (let time = 0; time < 12; time++) {
      const wait: number = await attempts.enter(alice).then(
        () => 0,
        (error: { details: { retryAfterSeconds: number } }) => error.details.retryAfterSeconds,
      );
      waits.push(wait);
      clock.advance(wait * 1000);
      await attempts.enter(alice);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
  });

  it('of others do not hinder a device that is known', async () => {
    const attempts = createLoginAttempts({ clock: createManualClock(0) });
    for (let host = 1; host <= 31; host++) await attempts.enter(at('alice', `192.0.2.${host}`));
    await expect(attempts.enter(at('alice', '198.51.100.1')), 'a stranger').rejects.toMatchObject(refused(1));
    await attempts.enter(at('alice', '198.51.100.1', 'laptop'));
    await attempts.enter(at('bob', '198.51.100.1'));
  });

  it('of strangers hold up one another for half a minute at most', async () => {
    const clock = createManualClock(0);
    const attempts = createLoginAttempts({ clock });
    for (let host = 1; host <= 31; host++) await attempts.enter(at('alice', `192.0.2.${host}`));
    for (let host = 1; host <= 60; host++) {
      clock.advance(30_000);
      await attempts.enter(at('alice', `203.0.113.${host}`));
    }
    await expect(attempts.enter(at('alice', '198.51.100.1'))).rejects.toMatchObject(refused(30));
  });

  it('of a few strangers who come back do not take the turn of one who is new', async () => {
    const clock = createManualClock(0);
    const attempts = createLoginAttempts({ clock });
    for (let host = 1; host <= 31; host++) await attempts.enter(at('alice', `192.0.2.${host}`));
    clock.advance(30_000);
    for (let host = 1; host <= 31; host++) {
      await expect(attempts.enter(at('alice', `192.0.2.${host}`))).rejects.toMatchObject(refused(30));
    }
    const attempt = await attempts.enter(at('alice', '198.51.100.1'));
    await attempt.succeeded();
  });

  it('at many accounts from one place get slower', async () => {
    const attempts = createLoginAttempts({ clock: createManualClock(0) });
    for (let user = 0; user <= 100; user++) await attempts.enter(at(`user-${user}`, '2001:db8::/64'));
    await expect(attempts.enter(at('other', '2001:db8::/64')), 'from there').rejects.toMatchObject(
      refused(1),
    );
    await attempts.enter(at('other', '2001:db8:0:1::/64'));
  });

  it('count before they have failed', async () => {
    const attempts = createLoginAttempts({ clock: createManualClock(0) });
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, () => attempts.enter(at('alice', '192.0.2.1'))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(6);
  });

  it('that succeed forgive those before, but not those of others', async () => {
    const attempts = createLoginAttempts({ clock: createManualClock(0) });
    for (let time = 0; time < 200; time++) {
      const attempt = await attempts.enter(at('alice', '192.0.2.1'));
      await attempt.succeeded();
    }
    for (let user = 0; user <= 100; user++) {
      await attempts.enter(at(`user-${user}`, '192.0.2.1'));
      // The thief's own account helps him nothing.
      const own = await attempts.enter(at('mallory', '192.0.2.1')).catch(() => undefined);
      await own?.succeeded();
    }
    await expect(attempts.enter(at('alice', '192.0.2.1'))).rejects.toMatchObject(refused(1));
  });

  it('are forgotten after an hour', async () => {
    const clock = createManualClock(0);
    const attempts = createLoginAttempts({ clock });
    await fail(attempts, 6, at('alice', '192.0.2.1'));
    clock.advance(60 * 60_000);
    await fail(attempts, 6, at('alice', '192.0.2.1'));
  });
});
