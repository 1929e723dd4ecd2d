import type { Clock } from '../../machinery/clock.ts';
import type { ObjectStore } from '../../storage/contract/objects.ts';
import { takesRuns } from '../../types/executor.ts';
import type { Executor } from '../../types/generated/executor.ts';

export interface ExecutorCounts {
  total: number;
  /** Those that are ready and have been heard of lately. */
  ready: number;
}

/** Counts the Executors as memory has them; waits for nothing. @throws StorageError when the store is closed */
export async function countExecutors(
  store: Pick<ObjectStore, 'list'>,
  clock: Pick<Clock, 'now'>,
): Promise<ExecutorCounts> {
  const { items } = await store.list({ resource: 'executors.agent.wecode.io', minRevision: 0 });
  const now = clock.now();
  const ready = items.filter(({ object }) => takesRuns(object as Pick<Executor, 'status'>, now)).length;
  return { total: items.length, ready };
}
