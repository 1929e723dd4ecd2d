import type { Unstructured } from '../machinery/meta.ts';
import { deepEqual } from '../schema/deep-equal.ts';
import type { StoredObject } from '../storage/contract.ts';
import { type ApiObject, shownObject } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import type { Subresource } from './requests.ts';
import { isTask, type Target } from './resource.ts';
import { isStorageError, storageFailure } from './storage-failure.ts';
import { mainUpdate, statusUpdate, validateWrite } from './write-rules.ts';

export interface Replacement {
  target: Target;
  subresource?: Subresource;
  dryRun: boolean;
  current: StoredObject;
  /** Decoded, not yet judged. */
  candidate: Unstructured;
}

/**
 * Stores what a PUT or PATCH makes of the current object. Writes nothing when nothing changes; removes the
 * object when this takes away the last finalizer of one that is being deleted.
 * @returns undefined when another write came first
 */
export async function replaceObject(
  context: RegistryContext,
  replacement: Replacement,
): Promise<ApiObject | undefined> {
  const { target, current, candidate, dryRun } = replacement;
  const { resource } = target;
  const next =
    replacement.subresource === undefined
      ? mainUpdate(resource, current.object, candidate)
      : statusUpdate(resource, current.object, candidate);
  validateWrite(resource, next, current.object);
  if (dryRun) return shownObject(next);
  if (isReleased(next)) return removeReleased(context, replacement, next);
  if (deepEqual(next, current.object)) return current;
  const { key, revision: expectedRevision } = current;
  return orLost(context.store.commit({ op: 'update', key, object: next, expectedRevision }), target);
}

/** Deletion was asked for and no finalizer is left. */
export function isReleased({ metadata }: Unstructured): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0;
}

/** The answer is the object as the client wrote it, with its old revision (kube-apiserver store.go). */
async function removeReleased(
  context: RegistryContext,
  { current, target }: Replacement,
  next: Unstructured,
): Promise<ApiObject | undefined> {
  const removed = await removeObject(context, current, target);
  return removed === undefined ? undefined : shownObject(next);
}

/** Deletes a row, with the event log where it is a Task's. Undefined when another write came first. */
export function removeObject(
  context: RegistryContext,
  current: StoredObject,
  target: Target,
): Promise<StoredObject | undefined> {
  const { uid } = current.object.metadata;
  const purge = isTask(target.resource) && uid !== undefined ? { purgeLogOf: uid } : {};
  const { key, revision: expectedRevision } = current;
  return orLost(context.store.commit({ op: 'delete', key, expectedRevision, ...purge }), target);
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
