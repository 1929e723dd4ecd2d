import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { deepEqual } from '../../machinery/json/deep-equal.ts';
import type { Resource } from '../resource.ts';
import type { Subresource } from '../requests.ts';
import { strategyOf } from '../strategies/strategies.ts';

/**
 * Sets the parts of an object that only the server may set, whatever a client wrote (registry/rest BeforeCreate and
 * BeforeUpdate, with the PrepareForCreate and PrepareForUpdate of a strategy). The client's part of managedFields is
 * kept: the write path has settled it before.
 */

/** The identity of a new object. */
export interface NewIdentity {
  name: string;
  uid: string;
  /** RFC 3339, seconds. */
  creationTimestamp: string;
}

export function prepareForCreate(
  resource: Resource,
  { apiVersion, kind, metadata, status, ...desired }: Unstructured,
  { name, uid, creationTimestamp }: NewIdentity,
): Unstructured {
  const prepared = {
    apiVersion,
    kind,
    metadata: {
      ...clientMeta(metadata),
      name,
      uid,
      ...(hasGeneration(resource) && { generation: 1 }),
      creationTimestamp,
      ...managedFieldsOf(metadata),
    },
    ...desired,
    ...(resource.hasStatus || status === undefined ? {} : { status }),
  };
  return strategyOf(resource).prepareForCreate?.(prepared) ?? prepared;
}

export interface Change {
  resource: Resource;
  /** The object itself when absent. */
  subresource: Subresource | undefined;
  previous: Unstructured;
}

export function prepareForUpdate(change: Change, asked: Unstructured): Unstructured {
  const { resource, subresource, previous } = change;
  if (subresource === 'finalize') return finalizeUpdate(previous, asked);
  return subresource === 'status' ? statusUpdate(change, asked) : mainUpdate(resource, previous, asked);
}

/** A write of the object itself; a Scale is one too (apiextensions customresource/strategy.go). */
function mainUpdate(resource: Resource, previous: Unstructured, asked: Unstructured): Unstructured {
  const { status: _ignored, ...desired } = asked;
  const keepStatus = resource.hasStatus && previous['status'] !== undefined;
  const prepared = {
    ...(resource.hasStatus ? desired : asked),
    metadata: {
      ...clientMeta(asked.metadata),
      ...serverMeta(previous.metadata),
      ...managedFieldsOf(asked.metadata),
    },
    ...(keepStatus ? { status: previous['status'] } : {}),
  };
  const ofKind = strategyOf(resource).prepareForUpdate?.(prepared, previous) ?? prepared;
  return withNextGeneration(resource, previous, ofKind);
}

/** A write of `/status` changes nothing but status. */
function statusUpdate({ resource, previous }: Change, asked: Unstructured): Unstructured {
  const { status: _old, ...rest } = withManagedFields(previous, asked);
  const prepared = asked['status'] === undefined ? rest : { ...rest, status: asked['status'] };
  return strategyOf(resource).prepareForStatusUpdate?.(prepared, previous) ?? prepared;
}

/** A write of `/finalize` of a Namespace changes nothing but spec. */
function finalizeUpdate(previous: Unstructured, asked: Unstructured): Unstructured {
  const { spec: _old, ...rest } = withManagedFields(previous, asked);
  return asked['spec'] === undefined ? rest : { ...rest, spec: asked['spec'] };
}

function withManagedFields(previous: Unstructured, asked: Unstructured): Unstructured {
  const { managedFields: _old, ...metadata } = previous.metadata;
  return { ...previous, metadata: { ...metadata, ...managedFieldsOf(asked.metadata) } };
}

function managedFieldsOf({ managedFields }: ObjectMeta): Pick<ObjectMeta, 'managedFields'> {
  return managedFields === undefined ? {} : { managedFields };
}

/** The part of metadata that a client may set, in one order of keys. */
function clientMeta(metadata: ObjectMeta): ObjectMeta {
  const { name, namespace, generateName, displayName, labels, annotations, ownerReferences, finalizers } =
    metadata;
  const kept = { generateName, displayName, labels, annotations, ownerReferences, finalizers };
  return { name, ...(namespace === undefined ? {} : { namespace }), ...present(kept) };
}

/** The part of metadata that only the server sets, in one order of keys. */
function serverMeta(previous: ObjectMeta): Partial<ObjectMeta> {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = previous;
  const { deletionTimestamp, deletionGracePeriodSeconds } = previous;
  const kept = {
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
  };
  return { name, ...(namespace === undefined ? {} : { namespace }), ...present(kept) };
}

function present(fields: { [name in keyof ObjectMeta]?: ObjectMeta[name] | undefined }): Partial<ObjectMeta> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Kubernetes' own kinds have none, but for definitions (pkg/registry/core strategies). */
export function hasGeneration(resource: Resource): boolean {
  return !resource.builtIn || resource.kind === 'CustomResourceDefinition';
}

/** The generation is one more when anything outside metadata (and status, where that is a subresource) differs. */
function withNextGeneration(resource: Resource, before: Unstructured, after: Unstructured): Unstructured {
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
