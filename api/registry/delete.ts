import { formatTime } from '../machinery/clock.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { deepEqual } from '../machinery/json/deep-equal.ts';
import { admitDeletion } from './admission/admission.ts';
import type { DeleteAdmission } from './admission/admission.ts';
import { finalizersOf, terminating } from './strategies/namespace.ts';
import { shownObject } from './reading/api-object.ts';
import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import type { Current } from './write/current-object.ts';
import { checkDeleteOptions, checkPreconditions, deletionFinalizers } from './write/delete-options.ts';
import { presented } from './reading/presented.ts';
import { orLost, removeObject, untilWritten } from './write/commit-update.ts';
import type { DeleteRequest, DeleteResult } from './requests.ts';
import { storageKey, storageResource } from './resource.ts';
import { hasGeneration, withGeneration } from './write/prepare.ts';

/**
 * Removes an object, or marks it while finalizers keep it (apiserver registry/generic/registry/store.go Delete).
 * Dependents are the garbage collector's.
 * @throws StatusError NotFound, Conflict for a precondition that does not hold, Invalid, Forbidden
 */
export async function deleteObject(context: RegistryContext, request: DeleteRequest): Promise<DeleteResult> {
  const { target } = request;
  checkDeleteOptions(request);
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    await admitDeletion(context.admission, admissionOf(request, current));
    checkPreconditions(target, request, current);
    return storageResource(target.resource) === 'namespaces'
      ? deleteNamespace(context, request, current)
      : deleteCurrent(context, request, current);
  });
}

function admissionOf({ target, user, dryRun }: DeleteRequest, { object }: Current): DeleteAdmission {
  const attributes = { ...target, subresource: undefined, user, dryRun };
  return { ...attributes, operation: 'DELETE', object: undefined, previous: object };
}

/** Undefined when another write came first. */
async function deleteCurrent(
  context: RegistryContext,
  request: DeleteRequest,
  current: Current,
): Promise<DeleteResult | undefined> {
  if (deletionFinalizers(current.object, request).length === 0) return remove(context, request, current);
  return mark(context, request, { current, marked: markedDeleted(context, request, current) });
}

/** The row goes; so does a namespace's whose content is gone. */
async function remove(
  context: RegistryContext,
  { target, dryRun }: DeleteRequest,
  current: Current,
): Promise<DeleteResult | undefined> {
  const { resource } = target;
  if (dryRun) return { object: presented(resource, current.stored), gone: true, warnings: [] };
  const removed = await removeObject(context, current.stored, target);
  return removed && { object: presented(resource, removed), gone: true, warnings: [] };
}

/** The object that finalizers keep: stored, unless it was just like that before. */
async function mark(
  context: RegistryContext,
  { target, dryRun }: DeleteRequest,
  { current, marked }: { current: Current; marked: Unstructured },
): Promise<DeleteResult | undefined> {
  const { resource } = target;
  const { stored } = current;
  if (dryRun || deepEqual(marked, stored.object)) {
    const shown = { ...current.object, metadata: marked.metadata };
    return { object: dryRun ? shownObject(shown) : presented(resource, stored), gone: false, warnings: [] };
  }
  const { revision: expectedRevision } = stored;
  const key = storageKey(target);
  const commit = context.store.commit({ op: 'update', key, object: marked, expectedRevision });
  const written = await orLost(commit, target);
  return written && { object: presented(resource, written), gone: false, warnings: [] };
}

/** In the version that it is stored in: deletion is of no version. */
function markedDeleted(
  context: RegistryContext,
  request: DeleteRequest,
  { stored: { object } }: Current,
): Unstructured {
  const { resource } = request.target;
  const finalizers = deletionFinalizers(object, request);
  const { metadata } = object;
  const isFirst = metadata.deletionTimestamp === undefined;
  const counts = isFirst && hasGeneration(resource);
  const counted = counts ? withGeneration(object, (metadata.generation ?? 0) + 1) : object;
  const { finalizers: _before, ...rest } = counted.metadata;
  return {
    ...counted,
    metadata: {
      ...rest,
      ...(finalizers.length > 0 && { finalizers: [...finalizers] }),
      deletionTimestamp: metadata.deletionTimestamp ?? formatTime(context.clock.now()),
      ...(storageResource(resource) === 'namespaces' ? {} : { deletionGracePeriodSeconds: 0 }),
    },
  };
}

/**
 * The first deletion only marks a namespace: a controller empties it and takes its finalizer off. What is left then
 * goes as any other object (kubernetes pkg/registry/core/namespace/storage).
 */
async function deleteNamespace(
  context: RegistryContext,
  request: DeleteRequest,
  current: Current,
): Promise<DeleteResult | undefined> {
  if (current.object.metadata.deletionTimestamp === undefined) {
    const marked = terminating(markedDeleted(context, request, current));
    return mark(context, request, { current, marked });
  }
  if (finalizersOf(current.object).length > 0) {
    return { object: presented(request.target.resource, current.stored), gone: false, warnings: [] };
  }
  return deleteCurrent(context, request, current);
}
