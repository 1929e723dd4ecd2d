import { expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createManualClock } from '#api/machinery/manual-clock';
import { electedRunnable } from './elected.ts';
import type { LeaderElection } from './leader-election.ts';
import type { Runnable } from './manager.ts';

const untilTold: Runnable['run'] = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

it('a process whose work does not stop when the Lease is lost ends, and names the work', async () => {
  const clock = createManualClock();
  const lost = new AbortController();
  const election = {
    acquire: () => Promise.resolve({ lost: lost.signal, release: () => Promise.resolve() }),
  } as unknown as LeaderElection;
  const make = (): Runnable[] => [
    { name: 'good', run: untilTold },
    { name: 'deaf', run: () => new Promise<void>(() => undefined) },
  ];
  const elected = electedRunnable({ election, make, stopMs: 100, clock, logger: silentLogger });
  const outcome = elected.run(new AbortController().signal).catch((error: unknown) => error);
  lost.abort();
  await expect.poll(() => clock.pending).toBe(1);
  clock.advance(100);
  expect(await outcome).toMatchObject({
    message: 'did not stop within 100 ms after the lease was lost: deaf',
  });
});

it('a process that stood still while its work ended is not taken for stuck', async () => {
  const clock = createManualClock();
  const [lost, stop] = [new AbortController(), new AbortController()];
  const release = (): Promise<void> => Promise.resolve(stop.abort());
  const election = {
    acquire: () => Promise.resolve({ lost: lost.signal, release }),
  } as unknown as LeaderElection;
  const run: Runnable['run'] = (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => setImmediate(resolve), { once: true });
    });
  const make = (): Runnable[] => [{ name: 'good', run }];
  const elected = electedRunnable({ election, make, stopMs: 100, clock, logger: silentLogger });
  const outcome = elected.run(stop.signal);
  await new Promise(setImmediate);
  lost.abort();
  // Not a turn of the event loop passes before the time is over.
  while (clock.pending === 0) await Promise.resolve();
  clock.advance(100);
  await outcome;
});
