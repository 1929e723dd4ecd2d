import { formatTime } from '../machinery/clock.ts';
import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import { generateName } from '../machinery/object-name.ts';
import { alreadyExists, badRequest, notFound, StatusError } from '../machinery/status-error.ts';
import { completed } from './admission/admission.ts';
import { type ApiObject, shownObject } from './api-object.ts';
import type { RegistryContext } from './context.ts';
import { decodeObject } from './decode.ts';
import type { CreateRequest, WriteResult } from './requests.ts';
import { type Resource, storageKey } from './resource.ts';
import { isStorageError, stored, storageFailure } from './storage-failure.ts';
import { clientMeta, validateWrite } from './write-rules.ts';

/** As kube-apiserver: eight names are tried before a generated name counts as taken. */
const NAME_ATTEMPTS = 8;

/** @throws StatusError BadRequest, Invalid, NotFound (no such namespace), AlreadyExists */
export async function createObject(context: RegistryContext, request: CreateRequest): Promise<WriteResult> {
  const { resource, fieldValidation } = request;
  const { object, warnings } = decodeObject(resource, request.body, fieldValidation);
  const metadata = placed(object.metadata, request);
  const generated = metadata.name === '' && metadata.generateName !== undefined;
  for (let attempt = 1; ; attempt++) {
    const name = generated
      ? generateName(metadata.generateName ?? '', () => context.random())
      : metadata.name;
    const created = prepare(context, resource, { ...object, metadata: { ...metadata, name } });
    validateWrite(resource, created, undefined);
    if (attempt === 1) await checkNamespace(context, request);
    const result = await insert(context, request, created);
    if (result !== undefined) return { object: result, warnings };
    if (!generated || attempt === NAME_ATTEMPTS) throw alreadyExists(resource, name);
  }
}

/** metadata with the namespace of the URL. */
function placed(metadata: ObjectMeta, { resource, namespace }: CreateRequest): ObjectMeta {
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const kept = clientMeta(metadata);
  if (resource.scope === 'Cluster') return kept;
  if (kept.namespace !== undefined && kept.namespace !== '' && kept.namespace !== namespace) {
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
  }
  return { ...kept, namespace };
}

/** The object as it will be stored: what the server owns is set, what it owns later (status) is dropped. */
function prepare(context: RegistryContext, resource: Resource, object: Unstructured): Unstructured {
  const { apiVersion, kind, metadata, status, ...desired } = object;
  return completed(resource, {
    apiVersion,
    kind,
    metadata: {
      ...metadata,
      uid: context.newUID(),
      generation: 1,
      creationTimestamp: formatTime(context.clock.now()),
    },
    ...desired,
    ...(resource.hasStatus || status === undefined ? {} : { status }),
  });
}

/** @throws StatusError NotFound when the namespace is not there, Forbidden when it is being deleted */
async function checkNamespace(
  context: RegistryContext,
  { resource, namespace }: CreateRequest,
): Promise<void> {
  if (resource.scope === 'Cluster') return;
  const namespaces = { group: '', plural: 'namespaces' };
  const key = { resource: 'namespaces', namespace: '', name: namespace };
  const found = await stored(context.store.get(key), { resource });
  if (found === undefined) throw notFound(namespaces, namespace);
  if (found.object.metadata.deletionTimestamp === undefined) return;
  const message = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw new StatusError('Forbidden', message, {
    details: {
      kind: resource.plural,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  });
}

/** Undefined when the name is taken. */
async function insert(
  context: RegistryContext,
  request: CreateRequest,
  object: Unstructured,
): Promise<ApiObject | undefined> {
  const { resource, dryRun } = request;
  const { name } = object.metadata;
  const key = storageKey({ resource, namespace: object.metadata.namespace ?? '', name });
  if (dryRun) {
    const taken = await stored(context.store.get(key), { resource, name });
    return taken === undefined ? shownObject(object) : undefined;
  }
  try {
    return await context.store.commit({ op: 'create', key, object });
  } catch (error) {
    if (isStorageError(error, 'Exists')) return undefined;
    throw storageFailure(error, { resource, name });
  }
}
