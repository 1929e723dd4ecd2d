import { describeError } from '../../machinery/logger.ts';
import { isStatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { Resource } from '../resource.ts';
import type { FinishedTask } from './finished-tasks.ts';
import { taskResource } from './finished-tasks.ts';
import { nextTurn } from './round.ts';
import type { RetentionRound } from './round.ts';

/** Deletions under way at once. */
const BATCH = 16;

/** Deletes finished Tasks whose time is over, as a user would: finalizers and garbage collection apply. */
export async function expireTasks(round: RetentionRound, finished: readonly FinishedTask[]): Promise<void> {
  const { clock, rules, signal } = round;
  const over = finished.filter(({ completedAt, isTold, ttl = rules.finishedTasks }) => {
    return isTold && ttl !== undefined && completedAt + ttl <= clock.now();
  });
  const resource = taskResource(round);
  for (let at = 0; at < over.length && !signal.aborted; at += BATCH) {
    await Promise.all(over.slice(at, at + BATCH).map((task) => remove(round, resource, task)));
    await nextTurn();
  }
}

async function remove(
  { registry, logger }: RetentionRound,
  resource: Resource,
  { uid, stored: { key, revision } }: FinishedTask,
): Promise<void> {
  const { namespace, name } = key;
  try {
    await registry.delete({
      target: { resource, namespace, name },
      user: API_SERVER_USER,
      dryRun: false,
      propagationPolicy: 'Background',
      preconditions: { uid, resourceVersion: String(revision) },
    });
  } catch (error) {
    // Somebody deleted or changed it meanwhile.
    if (isStatusError(error, 'NotFound') || isStatusError(error, 'Conflict')) return;
    logger.warn('a finished task was not removed', { namespace, name, error: describeError(error) });
  }
}
