import { startRounds } from '../../machinery/rounds.ts';
import type { Rounds } from '../../machinery/rounds.ts';
import { expireEvents } from './expire-events.ts';
import { expireJoinTokens } from './expire-join-tokens.ts';
import { expireTaskLogs } from './expire-task-logs.ts';
import { expireTasks } from './expire-tasks.ts';
import { finishedTasks } from './finished-tasks.ts';
import { purgeDeletedTasks } from './purge-deleted-tasks.ts';
import type { RetentionRound } from './round.ts';

/** Milliseconds between two rounds of all replicas together. */
const EVERY_MS = 60_000;

export interface RetentionOptions extends Omit<RetentionRound, 'signal'> {
  /** A number in [0, 1): replicas that start together do not ask together. */
  random?: () => number;
}

/**
 * Removes what the rules say, in the background, in small batches. Of several replicas the one that asks first has the
 * turn. No lease: a round that takes longer than its minute may meet the next one on another replica, and every step
 * may be done twice, or by two at once.
 */
export function startRetention(options: RetentionOptions): Rounds {
  const { clock, logger, random = Math.random } = options;
  return startRounds({
    pause: () => EVERY_MS * (0.9 + 0.2 * random()),
    round: (signal) => runTurn({ ...options, signal }),
    // The database is away for now: the next round comes in a minute.
    failure: 'retention failed; it is tried again',
    clock,
    logger,
  });
}

async function runTurn(round: RetentionRound): Promise<void> {
  const { store, clock } = round;
  const turn = { name: 'retention', now: clock.now(), everyMs: EVERY_MS * 0.9 };
  if (await store.retention.takeTurn(turn)) await retainOnce(round);
}

/** One round of all rules. @throws StorageError, StatusError what a rule failed with; the others have had their turn */
export async function retainOnce(round: RetentionRound): Promise<void> {
  const rules = [
    () => expireEvents(round),
    async () => {
      const finished = await finishedTasks(round);
      await expireTaskLogs(round, finished);
      await expireTasks(round, finished);
    },
    () => purgeDeletedTasks(round),
    () => expireJoinTokens(round),
  ];
  const failures: unknown[] = [];
  for (const rule of rules) {
    if (round.signal.aborted) return;
    await rule().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
