import { formatTime } from '../machinery/clock.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { conflict, invalid } from '../machinery/status-error.ts';
import { unsupportedValue } from '../schema/field-error.ts';
import type { StoredObject } from '../storage/contract.ts';
import { checkDeletion } from './admission/admission.ts';
import { type ApiObject, shownObject } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import { getObject } from './get.ts';
import { emptyNamespace } from './namespace-content.ts';
import { orLost, removeObject } from './replace.ts';
import type { DeleteRequest, DeleteResult } from './requests.ts';
import { storageResource } from './resource.ts';
import { withGeneration } from './write-rules.ts';

/**
 * Removes an object, or marks it while finalizers keep it. Dependents follow by the garbage collector.
 * @throws StatusError NotFound, Conflict for a precondition that does not hold, Forbidden
 */
export async function deleteObject(context: RegistryContext, request: DeleteRequest): Promise<DeleteResult> {
  const { target } = request;
  const warnings = judgePolicy(request);
  for (;;) {
    const current = await getObject(context, target);
    checkPreconditions(request, current);
    checkDeletion(target.resource, current.object);
    const result = await deleteCurrent(context, request, current);
    if (result !== undefined) return { ...result, warnings };
  }
}

function judgePolicy({ propagationPolicy: policy, target }: DeleteRequest): string[] {
  switch (policy) {
    case undefined:
    case 'Background':
      return [];
    case 'Foreground':
      return ['propagationPolicy Foreground is treated as Background: dependents are deleted afterwards'];
    default:
      // Orphan included: deleting dependents that somebody asked to keep would be worse than a refusal.
      throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, target.name, [
        unsupportedValue('propagationPolicy', policy, ['Background', 'Foreground']),
      ]);
  }
}

function checkPreconditions({ target, preconditions = {} }: DeleteRequest, current: StoredObject): void {
  const { uid } = current.object.metadata;
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    throw conflict(
      target.resource,
      target.name,
      `Precondition failed: UID in precondition: ${preconditions.uid}, UID in object meta: ${uid ?? ''}. The UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid ?? ''}). The object might have been deleted and then recreated`,
    );
  }
  const { resourceVersion } = preconditions;
  if (resourceVersion !== undefined && resourceVersion !== String(current.revision)) {
    throw conflict(
      target.resource,
      target.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${current.revision}). The object might have been modified`,
    );
  }
}

/** Undefined when another write came first. */
async function deleteCurrent(
  context: RegistryContext,
  { target, dryRun }: DeleteRequest,
  current: StoredObject,
): Promise<{ object: ApiObject; gone: boolean } | undefined> {
  const { finalizers = [], deletionTimestamp } = current.object.metadata;
  if (finalizers.length === 0) {
    if (dryRun) return { object: current, gone: true };
    if (storageResource(target.resource) === 'namespaces') await emptyNamespace(context, target);
    const removed = await removeObject(context, current, target);
    return removed && { object: removed, gone: true };
  }
  if (deletionTimestamp !== undefined) return { object: current, gone: false };
  const marked = markDeleted(current.object, formatTime(context.clock.now()));
  if (dryRun) return { object: shownObject(marked), gone: false };
  const { key, revision: expectedRevision } = current;
  const object = await orLost(
    context.store.commit({ op: 'update', key, object: marked, expectedRevision }),
    target,
  );
  return object && { object, gone: false };
}

function markDeleted(object: Unstructured, now: string): Unstructured {
  const marked = withGeneration(object, (object.metadata.generation ?? 0) + 1);
  const metadata = { ...marked.metadata, deletionTimestamp: now, deletionGracePeriodSeconds: 0 };
  return { ...marked, metadata };
}
