import { StorageError } from '../../storage/contract/storage-error.ts';
import type { ObjectStore, StoredObject } from '../../storage/contract/objects.ts';
import { nextTurn } from './round.ts';
import type { RetentionRound } from './round.ts';

/** Deletions under way at once: a part of a commit, so that writers find room beside them. */
const BATCH = 64;

/**
 * Removes Events that were written last before their time (kube-apiserver --event-ttl). How old one is, its revision
 * tells: nothing is parsed, whatever number of them there is.
 */
export async function expireEvents(round: RetentionRound): Promise<void> {
  const { store, clock, rules, signal } = round;
  if (rules.events === undefined) return;
  const upTo = await store.retention.revisionAt(clock.now() - rules.events);
  if (upTo === 0) return;
  const { items } = await store.list({ resource: 'events', minRevision: 0 });
  const old = items.filter((item) => item.revision <= upTo);
  for (let at = 0; at < old.length && !signal.aborted; at += BATCH) {
    await Promise.all(old.slice(at, at + BATCH).map((item) => remove(store, item)));
    await nextTurn();
  }
}

async function remove(
  store: Pick<ObjectStore, 'commit'>,
  { key, revision: expectedRevision }: StoredObject,
): Promise<void> {
  try {
    await store.commit({ op: 'delete', key, expectedRevision });
  } catch (error) {
    // It happened again, or another replica removed it.
    const over = error instanceof StorageError && (error.code === 'Conflict' || error.code === 'NotFound');
    if (!over) throw error;
  }
}
