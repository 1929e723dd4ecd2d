import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { sameButForTimes, trackUpdate } from '../../structured-merge/field-manager.ts';
import type { StoredObject } from '../../storage/contract.ts';
import { finalizersOf } from '../admission/namespace.ts';
import { shownObject } from '../reading/api-object.ts';
import type { ApiObject } from '../reading/api-object.ts';
import type { RegistryContext } from '../context.ts';
import type { Current } from './current-object.ts';
import { managedWrite } from './field-management.ts';
import { checkSize } from './object-size.ts';
import { presented, toStored } from '../reading/presented.ts';
import type { Subresource, WriteOptions } from '../requests.ts';
import { isTask, storageResource } from '../resource.ts';
import type { Target } from '../resource.ts';
import { isScaleManaged } from '../scale-object.ts';
import { isStorageError, storageFailure } from '../storage-failure.ts';
import { finalizeUpdate, mainUpdate, statusUpdate, validateWrite } from './write-rules.ts';

export interface Replacement {
  target: Target;
  subresource: Subresource | undefined;
  options: WriteOptions;
  current: Current;
  /** Decoded, not yet judged. */
  candidate: Unstructured;
  /** The candidate's managedFields are as they are to be: apply worked them out. */
  isApplied?: boolean;
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
  const { target, current, options } = replacement;
  const { resource } = target;
  const next = nextState(context, replacement);
  validateWrite(resource, next, current.object);
  const object = toStored(resource, next);
  if (options.dryRun) {
    checkSize(object);
    return shownObject(next);
  }
  if (isReleased(target, object)) return removeReleased(context, replacement, next);
  if (sameButForTimes(object, current.stored.object)) return presented(resource, current.stored);
  const { key, revision: expectedRevision } = current.stored;
  const written = await orLost(context.store.commit({ op: 'update', key, object, expectedRevision }), target);
  return written && presented(resource, written);
}

function nextState(context: RegistryContext, replacement: Replacement): Unstructured {
  const { target, current, candidate, subresource, options } = replacement;
  const { resource } = target;
  const next = update(replacement, current.object, candidate);
  if (replacement.isApplied === true) return next;
  if (subresource === 'scale' && !isScaleManaged(resource.scale, current.object)) {
    const { managedFields } = current.object.metadata;
    return managedFields === undefined ? next : { ...next, metadata: { ...next.metadata, managedFields } };
  }
  const managed = managedWrite(context, { resource, subresource, options, live: current.object });
  return trackUpdate({ ...managed, next });
}

function update({ target, subresource }: Replacement, current: Unstructured, candidate: Unstructured) {
  if (subresource === 'status') return statusUpdate(target.resource, current, candidate);
  if (subresource === 'finalize') return finalizeUpdate(current, candidate);
  return mainUpdate(target.resource, current, candidate);
}

/** Deletion was asked for and no finalizer is left; a Namespace has some in its spec too. */
export function isReleased({ resource }: Target, object: Unstructured): boolean {
  const { deletionTimestamp, finalizers = [] } = object.metadata;
  if (deletionTimestamp === undefined || finalizers.length > 0) return false;
  return storageResource(resource) !== 'namespaces' || finalizersOf(object).length === 0;
}

/** The answer is the object as the client wrote it, with its old revision (kube-apiserver store.go). */
async function removeReleased(
  context: RegistryContext,
  { current, target }: Replacement,
  next: Unstructured,
): Promise<ApiObject | undefined> {
  const removed = await removeObject(context, current.stored, target);
  return removed === undefined ? undefined : shownObject(next);
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
  throw new StatusError('ServerTimeout', 'the object changed all the time while it was written', {
    details: { retryAfterSeconds: 1 },
  });
}
