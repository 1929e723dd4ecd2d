import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { silentLogger } from '../machinery/logger.ts';
import { createManualClock } from '../machinery/manual-clock.ts';
import { keepNewest, readAccountToken, startTokenRenewal } from './own-token.ts';
import type { AccountToken } from './own-token.ts';

const HOUR = 60 * 60 * 1000;
const LIFE = 720 * HOUR;

/** A token as its holder reads it; it is not verified here. */
function tokenOf(issuedMs: number): AccountToken {
  const claims = {
    sub: 'system:serviceaccount:troupe-executors:one',
    iat: issuedMs / 1000,
    exp: (issuedMs + LIFE) / 1000,
  };
  const token = readAccountToken(`e.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s`);
  if (token === undefined) throw new Error('no token');
  return token;
}

it.each([
  { why: 'after a third of its life', sleptHours: 0, quietHours: 239, at: 240 },
  {
    why: 'by a machine that slept past that while its timers stood still',
    sleptHours: 400,
    quietHours: 0,
    at: 401,
  },
])('is renewed $why', async ({ sleptHours, quietHours, at }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'own-token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'executors/one/token');
  const timers = createManualClock();
  let slept = 0;
  const clock = { ...timers, now: () => timers.now() + slept };
  let asked = 0;
  const answered = Promise.withResolvers<void>();
  const transport = {
    send: () => {
      asked += 1;
      answered.resolve();
      const status = { token: tokenOf(clock.now()).token };
      return Promise.resolve({ status: 201, headers: {}, text: JSON.stringify({ status }) });
    },
  };
  const first = await keepNewest(file, tokenOf(0));
  const renewal = startTokenRenewal(first, { transport, file, clock, logger: silentLogger });
  const pass = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour += 1) {
      timers.advance(HOUR);
      // The round comes to where it waits.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  };
  await pass(quietHours);
  expect(asked).toBe(0);
  slept = sleptHours * HOUR;
  await pass(1);
  await answered.promise;
  await renewal.stop();
  expect(await readFile(file, 'utf8')).toBe(`${tokenOf(at * HOUR).token}\n`);
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
});
