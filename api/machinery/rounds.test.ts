import { expect, it } from 'vitest';
import { silentLogger } from './logger.ts';
import { createManualClock } from './manual-clock.ts';
import { startRounds } from './rounds.ts';

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it('go on after a failure, with the pause for it, and end once the round under way is over', async () => {
  const clock = createManualClock();
  const warnings: unknown[] = [];
  let going = Promise.withResolvers<void>();
  let begun = 0;
  const rounds = startRounds({
    pause: (afterFailure) => (afterFailure ? 10 : 100),
    round: () => ((begun += 1), going.promise),
    failure: 'failed',
    clock,
    logger: { ...silentLogger, warn: (...given) => warnings.push(given) },
  });
  clock.advance(99);
  await settle();
  expect(begun).toBe(0);
  clock.advance(1);
  await settle();
  expect([begun, clock.pending], 'one at a time').toEqual([1, 0]);
  going.reject(new Error('away'));
  await settle();
  expect(warnings).toEqual([['failed', { error: 'away' }]]);
  going = Promise.withResolvers();
  clock.advance(10);
  await settle();
  expect(begun).toBe(2);
  let hasStopped = false;
  const stopped = rounds.stop().then(() => (hasStopped = true));
  await settle();
  expect(hasStopped).toBe(false);
  going.resolve();
  await stopped;
  expect([begun, clock.pending]).toEqual([2, 0]);
});
