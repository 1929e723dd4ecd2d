import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { abridged, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { deepEqual } from '../../machinery/deep-equal.ts';
import { forbidden, invalidValue } from '../../structural-schema/field-error.ts';
import { validateObjectMeta } from '../../schema/object-meta.ts';
import { completed, hintsOf, judge, prepared } from '../admission/admission.ts';
import type { Resource } from '../resource.ts';
import { scaleProblems } from '../scale-object.ts';

/** @throws StatusError Invalid with one cause per finding */
export function validateWrite(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): void {
  const ofMetadata = validateObjectMeta(object.metadata, resource);
  const findings = resource.compiled.validate(object, previous, ofMetadata);
  // The rules of a kind rely on the types; kube-apiserver, too, judges only what it could decode.
  const isTyped = findings.every(({ reason }) => reason !== 'FieldValueTypeInvalid');
  const causes = [
    ...ofMetadata,
    ...findings,
    ...(resource.scale === undefined ? [] : scaleProblems(object, resource.scale)),
    ...(isTyped ? judge(resource, object, previous) : []),
    ...(resource.group === '' && resource.kind !== 'Event' ? coreFinalizers(object.metadata) : []),
  ];
  if (previous !== undefined) causes.push(...newFinalizers(object.metadata, previous.metadata));
  if (causes.length > 0) throw invalid(resource, object.metadata.name, causes);
}

/** The kinds of core/v1 take only finalizers of somebody's domain (core/validation ValidateObjectMeta). */
function coreFinalizers({ finalizers = [] }: ObjectMeta): StatusCause[] {
  return finalizers.flatMap((name, index) =>
    name.includes('/') || STANDARD_FINALIZERS.has(name)
      ? []
      : [
          invalidValue(
            `metadata.finalizers[${index}]`,
            name,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );
}

function newFinalizers(metadata: ObjectMeta, previous: ObjectMeta): StatusCause[] {
  if (previous.deletionTimestamp === undefined) return [];
  const known = new Set(previous.finalizers);
  const added = (metadata.finalizers ?? []).filter((one) => !known.has(one));
  if (added.length === 0) return [];
  const list = added.map((one) => JSON.stringify(one)).join(', ');
  return [
    forbidden(
      'metadata.finalizers',
      abridged(
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
      ),
    ),
  ];
}

/** Hints for the client about what a write makes of `previous`. */
export function writeWarnings(
  resource: Resource,
  object: Unstructured,
  previous: Unstructured | undefined,
): string[] {
  return [
    ...hintsOf(resource, object, previous),
    ...finalizerWarnings(resource, object.metadata, previous?.metadata),
  ];
}

/** Hints for finalizers without a domain that a write adds (customresource validateKubeFinalizerName). */
function finalizerWarnings(
  resource: Resource,
  metadata: ObjectMeta,
  previous: ObjectMeta | undefined,
): string[] {
  if (resource.builtIn || metadata.finalizers === undefined) return [];
  const known = new Set(previous?.finalizers);
  const added = metadata.finalizers.filter((one) => !known.has(one));
  return added.filter((one) => !one.includes('/') && !STANDARD_FINALIZERS.has(one)).map(finalizerHint);
}

function finalizerHint(name: string): string {
  const better = name.includes('.') ? 'finalizer name including a path (/)' : 'finalizer name';
  return `metadata.finalizers: "${abridged(name)}": prefer a domain-qualified ${better} to avoid accidental conflicts with other finalizer writers`;
}

const STANDARD_FINALIZERS: ReadonlySet<string> = new Set(['foregroundDeletion', 'kubernetes', 'orphan']);

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

/** managedFields as a client sends them: keeping, clearing or replacing them is told apart later. */
export function askedManagedFields({ managedFields }: ObjectMeta): Pick<ObjectMeta, 'managedFields'> {
  return managedFields === undefined ? {} : { managedFields };
}

/** The object a PUT or PATCH of the main resource leads to (apiextensions customresource/strategy.go). */
export function mainUpdate(resource: Resource, current: Unstructured, candidate: Unstructured): Unstructured {
  const { status: _ignored, ...desired } = candidate;
  const keepStatus = resource.hasStatus && current['status'] !== undefined;
  const completeObject = completed(resource, {
    ...(resource.hasStatus ? desired : candidate),
    metadata: {
      ...clientMeta(candidate.metadata),
      ...serverMeta(current.metadata),
      ...askedManagedFields(candidate.metadata),
    },
    ...(keepStatus ? { status: current['status'] } : {}),
  });
  return counted(resource, current, prepared(resource, completeObject, { previous: current }));
}

/** The object a write of `/status` leads to: nothing but status changes. */
export function statusUpdate(
  resource: Resource,
  current: Unstructured,
  candidate: Unstructured,
): Unstructured {
  const { status: _old, ...rest } = withManagedFields(current, candidate);
  const status = candidate['status'] === undefined ? {} : { status: candidate['status'] };
  return prepared(resource, { ...rest, ...status }, { previous: current, isStatus: true });
}

/** The object a write of `/finalize` of a Namespace leads to: nothing but spec changes. */
export function finalizeUpdate(current: Unstructured, candidate: Unstructured): Unstructured {
  const { spec: _old, ...rest } = withManagedFields(current, candidate);
  return candidate['spec'] === undefined ? rest : { ...rest, spec: candidate['spec'] };
}

function withManagedFields(current: Unstructured, candidate: Unstructured): Unstructured {
  const { managedFields: _old, ...metadata } = current.metadata;
  return { ...current, metadata: { ...metadata, ...askedManagedFields(candidate.metadata) } };
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

/** Kubernetes' own kinds have none, but for definitions (pkg/registry/core strategies). */
export function hasGeneration(resource: Resource): boolean {
  return !resource.builtIn || resource.kind === 'CustomResourceDefinition';
}

/** The generation is one more when anything outside metadata (and status, where that is a subresource) differs. */
function counted(resource: Resource, before: Unstructured, after: Unstructured): Unstructured {
  if (!hasGeneration(resource)) return after;
  const same = deepEqual(desiredState(resource, before), desiredState(resource, after));
  return same ? after : withGeneration(after, (before.metadata.generation ?? 0) + 1);
}

function desiredState(resource: Resource, object: Unstructured): Record<string, unknown> {
  const { metadata: _metadata, status, ...desired } = object;
  return resource.hasStatus ? desired : { ...desired, status };
}

export function withGeneration(object: Unstructured, generation: number): Unstructured {
  return { ...object, metadata: { ...object.metadata, generation } };
}
