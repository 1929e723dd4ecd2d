import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import { abridged, conflict, invalid } from '../machinery/status-error.ts';
import { deepEqual } from '../schema/deep-equal.ts';
import { forbidden } from '../schema/field-error.ts';
import { validateObjectMeta } from '../schema/object-meta.ts';
import { completed, judge } from './admission/admission.ts';
import type { Resource } from './resource.ts';

/** @throws StatusError Invalid with one cause per finding */
export function validateWrite(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): void {
  const causes = [
    ...validateObjectMeta(object.metadata, resource),
    ...resource.compiled.validate(object),
    // Objects stored before a field had a default count as having it, or nothing could be changed any more.
    ...judge(resource, object, previous && resource.compiled.applyDefaults(previous)),
  ];
  if (previous !== undefined) causes.push(...newFinalizers(object.metadata, previous.metadata));
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

function newFinalizers(metadata: ObjectMeta, previous: ObjectMeta) {
  if (previous.deletionTimestamp === undefined) return [];
  const added = (metadata.finalizers ?? []).filter((one) => !(previous.finalizers ?? []).includes(one));
  if (added.length === 0) return [];
  const list = added.map((one) => JSON.stringify(one)).join(', ');
  return [
    forbidden(
      'metadata.finalizers',
      `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    ),
  ];
}

/** metadata of which only what the client may set is left, in one order of keys. */
export function clientMeta(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, generateName, displayName, labels, annotations, ownerReferences, finalizers } =
    metadata;
  const kept = { generateName, displayName, labels, annotations, ownerReferences, finalizers };
  const present = Object.entries(kept).filter(([, value]) => !isEmpty(value));
  return { name, ...(namespace === undefined ? {} : { namespace }), ...Object.fromEntries(present) };
}

/** Go's omitempty: an empty map, list or string is not written. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === '') return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** The object a PUT or PATCH of the main resource leads to (apiextensions customresource/strategy.go). */
export function mainUpdate(resource: Resource, current: Unstructured, candidate: Unstructured): Unstructured {
  const old = current.metadata;
  if (candidate.metadata.uid !== undefined && candidate.metadata.uid !== old.uid) {
    throw conflict(
      resource,
      old.name,
      `Precondition failed: UID in precondition: ${abridged(candidate.metadata.uid)}, UID in object meta: ${old.uid ?? ''}`,
    );
  }
  const { status: _ignored, ...desired } = candidate;
  const keepStatus = resource.hasStatus && current['status'] !== undefined;
  const next = completed(resource, {
    ...(resource.hasStatus ? desired : candidate),
    metadata: { ...clientMeta(candidate.metadata), ...serverMeta(old) },
    ...(keepStatus ? { status: current['status'] } : {}),
  });
  return sameDesired(resource, current, next) ? next : withGeneration(next, (old.generation ?? 0) + 1);
}

/** The object a write of `/status` leads to: nothing but status changes. */
export function statusUpdate(
  resource: Resource,
  current: Unstructured,
  candidate: Unstructured,
): Unstructured {
  const { uid } = candidate.metadata;
  if (uid !== undefined && uid !== current.metadata.uid) {
    throw conflict(
      resource,
      current.metadata.name,
      `Precondition failed: UID in precondition: ${abridged(uid)}, UID in object meta: ${current.metadata.uid ?? ''}`,
    );
  }
  const { status: _old, ...rest } = current;
  return candidate['status'] === undefined ? rest : { ...rest, status: candidate['status'] };
}

function serverMeta(old: ObjectMeta): Partial<ObjectMeta> {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = old;
  const { deletionTimestamp, deletionGracePeriodSeconds } = old;
  const kept = {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  };
  const present = Object.entries(kept).filter(([, value]) => value !== undefined);
  return { name, ...(namespace === undefined ? {} : { namespace }), ...Object.fromEntries(present) };
}

/** Whether nothing outside metadata (and status, where that is a subresource) differs. */
function sameDesired(resource: Resource, before: Unstructured, after: Unstructured): boolean {
  return deepEqual(desiredState(resource, before), desiredState(resource, after));
}

function desiredState(resource: Resource, object: Unstructured): Record<string, unknown> {
  const { metadata: _metadata, status, ...desired } = object;
  return resource.hasStatus ? desired : { ...desired, status };
}

export function withGeneration(object: Unstructured, generation: number): Unstructured {
  return { ...object, metadata: { ...object.metadata, generation } };
}
