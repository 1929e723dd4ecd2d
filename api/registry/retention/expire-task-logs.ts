import type { FinishedTask } from './finished-tasks.ts';
import { nextTurn } from './round.ts';
import type { RetentionRound } from './round.ts';

/** Logs asked about at once, and rows dropped per transaction. */
const BATCH = 500;

/** Drops the events of Tasks that have been finished for long enough. Messages stay as long as their Task. */
export async function expireTaskLogs(
  round: RetentionRound,
  finished: readonly FinishedTask[],
): Promise<void> {
  const { store, clock, rules, signal } = round;
  const { taskLogs } = rules;
  if (taskLogs === undefined) return;
  const over = finished.filter(({ completedAt }) => completedAt + taskLogs <= clock.now());
  for (let at = 0; at < over.length && !signal.aborted; at += BATCH) {
    const uids = over.slice(at, at + BATCH).map(({ uid }) => uid);
    for (const taskUID of await store.retention.logsWithEvents(uids)) {
      let done = false;
      while (!done && !signal.aborted) {
        done = await store.retention.dropEvents({ taskUID, limit: BATCH });
        await nextTurn();
      }
    }
    await nextTurn();
  }
}
