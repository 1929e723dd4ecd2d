import { isAtRest } from '../../types/task.ts';
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

interface TaskText {
  metadata: { uid?: string; deletionTimestamp?: string };
  spec?: { ttlSecondsAfterFinished?: number; messages?: { id: string }[] };
  status?: { status?: string; completedAt?: string; messages?: { id: string }[] };
}

/** Of the text, not of `stored.object`: that would be kept in memory beside the text for ever. */
function factsOf(text: string): Omit<FinishedTask, 'stored'> | null {
  if (!text.includes('"completedAt":"')) return null;
  const { metadata, spec, status } = JSON.parse(text) as TaskText;
  const completedAt = Date.parse(status?.completedAt ?? '');
  const isOver = isAtRest({ ...(spec && { spec }), ...(status && { status }) }) && !Number.isNaN(completedAt);
  if (!isOver || metadata.uid === undefined || metadata.deletionTimestamp !== undefined) return null;
  const seconds = spec?.ttlSecondsAfterFinished;
  return { uid: metadata.uid, completedAt, ttl: seconds === undefined ? undefined : seconds * 1000 };
}
