import { formatTime } from '../machinery/clock.ts';
import { qualifiedResource } from '../machinery/group-version-kind.ts';
import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import { generateName } from '../machinery/object-name.ts';
import { alreadyExists, badRequest, notFound, StatusError } from '../machinery/status-error.ts';
import { trackUpdate } from '../structured-merge/field-manager.ts';
import { completed, prepared } from './admission/admission.ts';
import { shownObject } from './reading/api-object.ts';
import type { ApiObject } from './reading/api-object.ts';
import type { RegistryContext } from './context.ts';
import { decodeObject } from './write/decode.ts';
import { checkFieldManager, managedWrite } from './write/field-management.ts';
import { checkSize } from './write/object-size.ts';
import { presented, toStored } from './reading/presented.ts';
import type { CreateRequest, WriteResult } from './requests.ts';
import { storageKey } from './resource.ts';
import type { Resource } from './resource.ts';
import { isStorageError, stored, storageFailure } from './storage-failure.ts';
import {
  askedManagedFields,
  clientMeta,
  writeWarnings,
  hasGeneration,
  validateWrite,
} from './write/write-rules.ts';

/** As kube-apiserver: eight names are tried before a generated name counts as taken. */
const NAME_ATTEMPTS = 8;

/** @throws StatusError BadRequest, Invalid, NotFound (no such namespace), AlreadyExists */
export async function createObject(context: RegistryContext, request: CreateRequest): Promise<WriteResult> {
  checkFieldManager('CreateOptions', request);
  const decoded = decodeObject(request.resource, request.body, request);
  const { metadata } = decoded.object;
  if (/^\d*[1-9]\d*$/.test(metadata.resourceVersion ?? '')) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const object = newObject(context, request, decoded.object);
  const managed = { resource: request.resource, subresource: undefined, options: request, live: undefined };
  const next = trackUpdate({ ...managedWrite(context, managed), next: object });
  const shown = await insertNamed(context, request, next);
  const warnings = [...decoded.warnings, ...writeWarnings(request.resource, decoded.object, undefined)];
  return { object: shown, created: true, warnings };
}

/** Where a new object goes. */
export type NewObjectRequest = Pick<CreateRequest, 'dryRun' | 'namespace' | 'resource'>;

/**
 * Stores a new object under its name, or under one that is generated.
 * @throws StatusError Invalid, NotFound (no such namespace), Forbidden (it is being deleted), AlreadyExists
 */
export async function insertNamed(
  context: RegistryContext,
  request: NewObjectRequest,
  object: Unstructured,
): Promise<ApiObject> {
  const { resource } = request;
  const { generateName: base, name: given } = object.metadata;
  if (resource.terminating === true) throw notCreatable(resource, given);
  const isGenerated = given === '' && base !== undefined;
  for (let attempt = 1; ; attempt++) {
    const name = isGenerated ? generateName(base, () => context.random()) : given;
    const next = prepared(resource, named(resource, object, name), {});
    if (attempt === 1) await checkNamespace(context, request, name);
    validateWrite(resource, next, undefined);
    const inserted = await insert(context, request, next);
    if (inserted !== undefined) return inserted;
    if (base !== undefined && (!isGenerated || attempt === NAME_ATTEMPTS)) throw noNameFound(resource, name);
    if (!isGenerated) throw await nameTaken(context, request, name);
  }
}

/** While its CustomResourceDefinition is being deleted (customresource_handler.go). */
function notCreatable(resource: Resource, name: string): StatusError {
  const { group, plural: kind } = resource;
  return new StatusError(
    'Forbidden',
    `${qualifiedResource(resource)} "${name}" is forbidden: create not allowed while custom resource definition is terminating`,
    { details: { ...(name !== '' && { name }), group, kind } },
  );
}

function named(resource: Resource, object: Unstructured, name: string): Unstructured {
  if (object.metadata.name === name) return object;
  return completed(resource, { ...object, metadata: { ...object.metadata, name } });
}

/** Whether the other is on its way out is worth knowing: a client may just wait (store.go Create). */
async function nameTaken(
  context: RegistryContext,
  { resource, namespace }: NewObjectRequest,
  name: string,
): Promise<StatusError> {
  const error = alreadyExists(resource, name);
  const other = await stored(context.store.get(storageKey({ resource, namespace, name })), {
    resource,
    name,
  });
  if (other?.object.metadata.deletionTimestamp === undefined) return error;
  const { details = {} } = error;
  return new StatusError('AlreadyExists', `object is being deleted: ${error.message}`, { details });
}

/** errors.NewGenerateNameConflict: a client may just try again. */
function noNameFound(resource: Resource, name: string): StatusError {
  const { group, plural: kind } = resource;
  return new StatusError(
    'AlreadyExists',
    `${qualifiedResource(resource)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    { details: { name, ...(group !== '' && { group }), kind, retryAfterSeconds: 1 } },
  );
}

/** What a client wrote as an object of its own: what the server owns is set, what it owns later (status) is dropped. */
export function newObject(
  context: RegistryContext,
  request: NewObjectRequest,
  { apiVersion, kind, metadata, status, ...desired }: Unstructured,
): Unstructured {
  const { resource } = request;
  return completed(resource, {
    apiVersion,
    kind,
    metadata: {
      ...placed(metadata, request),
      uid: context.newUID(),
      ...(hasGeneration(resource) && { generation: 1 }),
      creationTimestamp: formatTime(context.clock.now()),
      ...askedManagedFields(metadata),
    },
    ...desired,
    ...(resource.hasStatus || status === undefined ? {} : { status }),
  });
}

/** metadata with the namespace of the URL. */
function placed(metadata: ObjectMeta, { resource, namespace }: NewObjectRequest): ObjectMeta {
  const kept = clientMeta(metadata);
  if (resource.scope === 'Cluster') return kept;
  if (kept.namespace !== undefined && kept.namespace !== '' && kept.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  return { ...kept, namespace };
}

/** @throws StatusError NotFound when the namespace is not there, Forbidden when it is being deleted */
async function checkNamespace(
  context: RegistryContext,
  { resource, namespace }: NewObjectRequest,
  name: string,
): Promise<void> {
  if (resource.scope === 'Cluster') return;
  const namespaces = { group: '', plural: 'namespaces' };
  const key = { resource: 'namespaces', namespace: '', name: namespace };
  const found = await stored(context.store.get(key), { resource });
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.object.metadata.deletionTimestamp !== undefined) throw beingTerminated(resource, namespace, name);
}

/** admission/plugin/namespace/lifecycle */
function beingTerminated(resource: Resource, namespace: string, name: string): StatusError {
  const { group, plural: kind } = resource;
  const cause = {
    reason: 'NamespaceTerminating',
    message: `namespace ${namespace} is being terminated`,
    field: 'metadata.namespace',
  };
  return new StatusError(
    'Forbidden',
    `${qualifiedResource(resource)} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    { details: { name, ...(group !== '' && { group }), kind, causes: [cause] } },
  );
}

/** Undefined when the name is taken. */
async function insert(
  context: RegistryContext,
  { resource, dryRun }: NewObjectRequest,
  next: Unstructured,
): Promise<ApiObject | undefined> {
  const { name, namespace = '' } = next.metadata;
  const key = storageKey({ resource, namespace, name });
  const object = toStored(resource, next);
  if (dryRun) {
    checkSize(object);
    const taken = await stored(context.store.get(key), { resource, name });
    return taken === undefined ? shownObject(next) : undefined;
  }
  try {
    return presented(resource, await context.store.commit({ op: 'create', key, object }));
  } catch (error) {
    if (isStorageError(error, 'Exists')) return undefined;
    throw storageFailure(error, { resource, name });
  }
}
