import { nextTurn } from './round.ts';
import type { RetentionRound } from './round.ts';

/** Rows per transaction. */
const BATCH = 500;

/** How long the log of a deleted Task stays closed before all of it may go; by then its last writer has given up. */
const CLOSED_MS = 3_600_000;

/** Drops the logs and last states of Tasks that were deleted long enough ago. */
export async function purgeDeletedTasks(round: RetentionRound): Promise<void> {
  const { clock, rules, signal } = round;
  const { retention } = round.store;
  const now = clock.now();
  await retention.limitDeletionTimes(now);
  const deletedUntil = now - rules.deletedTasks;
  const query = { deletedUntil, forgottenUntil: Math.min(deletedUntil, now - CLOSED_MS), limit: BATCH };
  let step = await retention.purgeDeletedTask(query);
  let after = step?.done === true ? step.at : undefined;
  while (step !== undefined && !signal.aborted) {
    await nextTurn();
    step = await retention.purgeDeletedTask({ ...query, ...(after === undefined ? {} : { after }) });
    if (step?.done === true) after = step.at;
  }
}
