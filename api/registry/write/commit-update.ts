import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { sameButForTimes } from '../../structured-merge/field-manager.ts';
import type { StoredObject } from '../../storage/contract/objects.ts';
import type { RegistryContext } from '../context.ts';
import { shownObject } from '../reading/api-object.ts';
import type { ApiObject } from '../reading/api-object.ts';
import { presented, toStored } from '../reading/presented.ts';
import { isTask, storageResource } from '../resource.ts';
import type { Target } from '../resource.ts';
import { isStorageError, storageFailure } from '../storage-failure.ts';
import { finalizersOf } from '../strategies/namespace.ts';
import type { Current } from './current-object.ts';
import { checkSize } from './object-size.ts';

export interface Update {
  target: Target;
  dryRun: boolean;
  current: Current;
  /** Valid, in the version of the request. */
  next: Unstructured;
}

/**
 * Stores the next state of an object. Writes nothing when nothing changes; removes the object when the last finalizer
 * of a deleted one is gone.
 * @returns undefined when another write came first
 */
export async function commitUpdate(
  context: RegistryContext,
  { target, dryRun, current, next }: Update,
): Promise<ApiObject | undefined> {
  const { resource } = target;
  const object = toStored(resource, next);
  if (dryRun) {
    checkSize(object);
    return shownObject(next);
  }
  if (isReleased(target, object)) {
    const removed = await removeObject(context, current.stored, target);
    // The answer is the object as the client wrote it, with its old revision (kube-apiserver store.go).
    return removed && shownObject(next);
  }
  if (sameButForTimes(object, current.stored.object)) return presented(resource, current.stored);
  const { key, revision: expectedRevision } = current.stored;
  const written = await orLost(context.store.commit({ op: 'update', key, object, expectedRevision }), target);
  return written && presented(resource, written);
}

/** Deletion was asked for and no finalizer is left; a Namespace has some in its spec too. */
function isReleased({ resource }: Target, object: Unstructured): boolean {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) return false;
  return storageResource(resource) !== 'namespaces' || finalizersOf(object).length === 0;
}

/** Deletes a row; of a Task the last state and the event log are kept for a while. Undefined when another write came first. */
export function removeObject(
  context: RegistryContext,
  current: StoredObject,
  target: Target,
): Promise<StoredObject | undefined> {
  const { uid } = current.object.metadata;
  const isKept = isTask(target.resource) && uid !== undefined;
  const task = isKept ? { deletedTask: { uid, time: context.clock.now() } } : {};
  const { key, revision: expectedRevision } = current;
  return orLost(context.store.commit({ op: 'delete', key, expectedRevision, ...task }), target);
}

/** Undefined in place of StorageError Conflict; other failures are translated. */
export async function orLost(
  commit: Promise<StoredObject>,
  { resource, name }: Target,
): Promise<StoredObject | undefined> {
  try {
    return await commit;
  } catch (error) {
    if (isStorageError(error, 'Conflict')) return undefined;
    throw storageFailure(error, { resource, name });
  }
}

/** Each lost race means that another writer got on; so many in a row mean that something is wrong. */
const MAX_ATTEMPTS = 1000;

/** Tries a write on the newest object until no other write comes first (GuaranteedUpdate). */
export async function untilWritten<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  for (let count = 1; count <= MAX_ATTEMPTS; count++) {
    const result = await attempt();
    if (result !== undefined) return result;
  }
  throw new StatusError('ServerTimeout', 'the object kept changing; try again', {
    details: { retryAfterSeconds: 1 },
  });
}
