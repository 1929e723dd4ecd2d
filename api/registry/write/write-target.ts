import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { abridged, badRequest, conflict, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { Current } from './current-object.ts';
import type { Resource, Target } from '../resource.ts';

/** Whether a write is about the object that its URL names, in the state that it names. */

/** @throws StatusError BadRequest when a body is about another object than its URL */
export function checkPlace(metadata: ObjectMeta, { resource, namespace, name }: Target): void {
  checkName(metadata.name, name);
  const given = metadata.namespace ?? '';
  if (resource.scope === 'Namespaced' && given !== '' && given !== namespace) {
    throw badRequest(
      `the namespace of the object (${abridged(given)}) does not match the namespace on the request (${namespace})`,
    );
  }
}

/** The same of what a patch makes; kube-apiserver notices it later and says it otherwise. */
export function checkPatchedPlace(metadata: ObjectMeta, { resource, namespace, name }: Target): void {
  checkName(metadata.name, name);
  const given = metadata.namespace ?? '';
  if (resource.scope === 'Namespaced' && given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}

/** @throws StatusError BadRequest */
export function checkName(given: string | undefined, name: string): void {
  if (given === undefined || given === '') {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (given !== name) {
    throw badRequest(
      `the name of the object (${abridged(given)}) does not match the name on the URL (${name})`,
    );
  }
}

/** A new object in the namespace of its URL. @throws StatusError BadRequest when it names another one */
export function placedIn(resource: Resource, namespace: string, object: Unstructured): Unstructured {
  if (resource.scope === 'Cluster') return object;
  const given = object.metadata.namespace ?? '';
  if (given !== '' && given !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Built-in kinds that nobody may replace without having seen them (AllowUnconditionalUpdate of their strategies). */
const CONDITIONAL: ReadonlySet<string> = new Set(['CustomResourceDefinition', 'Lease']);

/** @throws StatusError Invalid when a PUT has to name a resourceVersion, Conflict when it names an old one */
export function checkRevision({ resource, name }: Target, given: string, revision: number): void {
  if (given !== '' && given !== '0') {
    if (given !== String(revision)) throw conflict(resource, name);
    return;
  }
  if (resource.builtIn && !CONDITIONAL.has(resource.kind)) return;
  // The plural stands for the kind here: store.go says so itself.
  throw invalid({ group: resource.group, kind: resource.plural }, name, [
    invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
  ]);
}

/** @throws StatusError Conflict when a PUT is about another object of the same name */
export function checkUID({ resource, name }: Target, { metadata }: Current['object'], given: string): void {
  if (given === '' || given === metadata.uid) return;
  throw conflict(
    resource,
    name,
    `Precondition failed: UID in precondition: ${abridged(given)}, UID in object meta: ${metadata.uid ?? ''}`,
  );
}

/** @throws StatusError when what a patch leads to is another object, or builds on another state of it */
export function checkPatched(target: Target, metadata: ObjectMeta, current: Current): void {
  checkRevision(target, metadata.resourceVersion ?? '', current.stored.revision);
  checkIdentity(target, { ...metadata, resourceVersion: '' }, current);
}

/** @throws StatusError when what a client means is another object, or another state of it */
export function checkIdentity({ resource, name }: Target, metadata: ObjectMeta, current: Current): void {
  const { resourceVersion = '', uid = '' } = metadata;
  if (!/^0*$/.test(resourceVersion) && resourceVersion !== String(current.stored.revision)) {
    throw conflict(resource, name);
  }
  if (uid === '' || uid === current.object.metadata.uid) return;
  throw invalid(resource, name, [invalidValue('metadata.uid', uid, 'field is immutable')]);
}

const DELETION = ['deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

/** ValidateObjectMetaAccessorUpdate: only a DELETE deletes. @throws StatusError Invalid */
export function checkDeletionMarks({ resource, name }: Target, metadata: ObjectMeta, current: Current): void {
  const before = current.object.metadata;
  if (before.deletionTimestamp !== undefined) return;
  const causes: StatusCause[] = DELETION.filter((field) => metadata[field] !== undefined).map((field) =>
    invalidValue(`metadata.${field}`, metadata[field], 'field is immutable'),
  );
  if (causes.length > 0) throw invalid(resource, name, causes);
}
