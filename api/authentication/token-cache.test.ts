import { expect, it } from 'vitest';
import { createManualClock } from '../machinery/manual-clock.ts';
import type { User } from '../machinery/users/user.ts';
import { createTokenCache } from './token-cache.ts';

const alice: User = { name: 'alice', groups: [] };

function cacheOf(limits: { successMs: number; failureMs: number; size?: number }) {
  const clock = createManualClock(1);
  const asked: string[] = [];
  const cache = createTokenCache(
    {
      async authenticateToken(token) {
        asked.push(token);
        if (token === 'broken') throw new Error('away');
        return token.startsWith('good') ? alice : undefined;
      },
    },
    { ...limits, clock },
  );
  return { clock, asked, ask: (token: string) => cache.authenticateToken(token) };
}

it('keeps users and failures for their times, and no errors', async () => {
  const { clock, asked, ask } = cacheOf({ successMs: 10, failureMs: 5 });
  const all = async (): Promise<void> => {
    expect([await ask('good'), await ask('bad')]).toEqual([alice, undefined]);
    await expect(ask('broken')).rejects.toThrow('away');
  };
  await all();
  await all();
  expect(asked).toEqual(['good', 'bad', 'broken', 'broken']);
  clock.advance(5);
  await all();
  expect(asked.slice(4)).toEqual(['bad', 'broken']);
  clock.advance(5);
  await all();
  expect(asked.slice(6)).toEqual(['good', 'bad', 'broken']);
});

it('asks once for those who ask at the same time', async () => {
  const { asked, ask } = cacheOf({ successMs: 10, failureMs: 0 });
  await Promise.all([ask('good'), ask('good'), ask('good')]);
  expect(asked).toEqual(['good']);
});

it('forgets the oldest when it is full', async () => {
  const { asked, ask } = cacheOf({ successMs: 10, failureMs: 0, size: 2 });
  for (const token of ['good-1', 'good-2', 'good-3', 'good-3', 'good-1']) await ask(token);
  expect(asked).toEqual(['good-1', 'good-2', 'good-3', 'good-1']);
});
