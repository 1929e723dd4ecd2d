import type { Task } from '../../types/generated/task.ts';
import { isAtRest } from '../../types/tasks/task.ts';
import { isGivenUp, nextTold } from '../../types/tasks/task-callback.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import type { Resource } from '../resource.ts';
import { isTask, storageResource } from '../resource.ts';
import { nextTurn } from './round.ts';
import type { RetentionRound } from './round.ts';

/** A Task that is over. */
export interface FinishedTask {
  stored: StoredObject;
  uid: string;
  /** Milliseconds since the epoch. */
  completedAt: number;
  /** Its callback knows of its end, or was given up; such a Task may go. */
  isTold: boolean;
  /** spec.ttlSecondsAfterFinished, in milliseconds. */
  ttl: number | undefined;
}

/** Tasks read between two turns of others. */
const BATCH = 50;

/** What was found out before: a Task is parsed once per state, not in each round. */
const known = new WeakMap<StoredObject, Omit<FinishedTask, 'stored'> | null>();

export function taskResource({ registry }: RetentionRound): Resource {
  const resource = registry.catalog.current().find((one) => isTask(one));
  if (resource === undefined) throw new Error('the kind Task is not defined');
  return resource;
}

/** The finished Tasks, as memory has them. */
export async function finishedTasks(round: RetentionRound): Promise<FinishedTask[]> {
  const resource = storageResource(taskResource(round));
  const { items } = await round.store.list({ resource, minRevision: 0 });
  const finished: FinishedTask[] = [];
  let parsed = 0;
  for (const stored of items) {
    let facts = known.get(stored);
    if (facts === undefined) {
      facts = factsOf(stored.json());
      known.set(stored, facts);
      if (++parsed % BATCH === 0) await nextTurn();
    }
    if (facts !== null) finished.push({ stored, ...facts });
  }
  return finished;
}

/** Of the text, not of `stored.object`: that would be kept in memory beside the text for ever. */
function factsOf(text: string): Omit<FinishedTask, 'stored'> | null {
  if (!text.includes('"completedAt":"')) return null;
  const task = JSON.parse(text) as Task;
  const { metadata, spec, status } = task;
  const completedAt = Date.parse(status?.completedAt ?? '');
  const isOver = isAtRest(task) && !Number.isNaN(completedAt);
  if (!isOver || metadata.uid === undefined || metadata.deletionTimestamp !== undefined) return null;
  const isTold = nextTold(task) === undefined || isGivenUp(task);
  const seconds = spec.ttlSecondsAfterFinished;
  return { uid: metadata.uid, completedAt, isTold, ttl: seconds === undefined ? undefined : seconds * 1000 };
}
