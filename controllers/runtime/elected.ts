import { once } from 'node:events';
import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import { deadline } from './deadline.ts';
import type { LeaderElection } from './leader-election.ts';
import type { Runnable } from './manager.ts';

export interface ElectedOptions {
  election: LeaderElection;
  /** Makes the parts of one term: once before the start, and again for each later term, so that none inherits state. */
  make: () => readonly Runnable[];
  /** How long what runs may take to stop when the Lease is lost, in milliseconds: until another process may begin. */
  stopMs: number;
  clock: Clock;
  logger: Logger;
}

/**
 * Runs what must run in one process only, while this process leads. A lost Lease, as after an outage of the API,
 * stops it; then the process waits to lead again. A process whose work does not stop in time must end: this rejects.
 */
export function electedRunnable(options: ElectedOptions): Runnable {
  const { election, make } = options;
  let runnables = make();
  return {
    name: 'elected controllers',
    check: () => runnables.forEach((runnable) => runnable.check?.()),
    async run(signal) {
      while (!signal.aborted) {
        const term = await election.acquire(signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
        if (term === undefined) return;
        await runTerm({ ...options, runnables, lost: term.lost, stop: signal });
        await term.release();
        if (!signal.aborted) runnables = make();
      }
    },
  };
}

interface TermOptions extends ElectedOptions {
  runnables: readonly Runnable[];
  lost: AbortSignal;
  stop: AbortSignal;
}

async function runTerm({ runnables, lost, stop, stopMs, clock }: TermOptions): Promise<void> {
  const over = AbortSignal.any([lost, stop]);
  const running = new Set(runnables.map(({ name }) => name));
  const ended = Promise.all(
    runnables.map(async (runnable) => {
      await runnable.run(over);
      running.delete(runnable.name);
    }),
  );
  if (!over.aborted) await Promise.race([ended, once(over, 'abort')]);
  if (!over.aborted) throw new Error('a controller ended before it was told to');
  if (stop.aborted) return void (await ended);
  const late = Promise.withResolvers<never>();
  // A write that comes after the Lease is refused (assertHeld), however late work ends.
  const cancel = deadline(clock, stopMs, () =>
    late.reject(
      new Error(`did not stop within ${stopMs} ms after the lease was lost: ${[...running].join(', ')}`),
    ),
  );
  await Promise.race([ended, late.promise]);
  cancel();
}
