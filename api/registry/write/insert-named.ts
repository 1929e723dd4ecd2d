import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { generateName } from '../../machinery/object-name.ts';
import { alreadyExists, StatusError } from '../../machinery/status-error.ts';
import type { RegistryContext } from '../context.ts';
import { shownObject } from '../reading/api-object.ts';
import type { ApiObject } from '../reading/api-object.ts';
import { presented, toStored } from '../reading/presented.ts';
import { storageKey } from '../resource.ts';
import type { Resource, Target } from '../resource.ts';
import { isStorageError, translated, storageFailure } from '../storage-failure.ts';
import { checkSize } from './object-size.ts';

/** As kube-apiserver: eight names are tried before a generated name counts as taken. */
const NAME_ATTEMPTS = 8;

export interface NewObject {
  /** `name` is '' when it is to be generated. */
  target: Target;
  dryRun: boolean;
  generateName: string | undefined;
  /** The object under a name, valid and ready to be stored; asked again for each name that is tried. */
  make(name: string): Promise<Unstructured>;
}

/**
 * Stores a new object under its name, or under one that is generated.
 * @throws StatusError AlreadyExists, and whatever `make` throws
 */
export async function insertNamed(context: RegistryContext, request: NewObject): Promise<ApiObject> {
  const { target, generateName: base = '' } = request;
  const isGenerated = target.name === '' && base !== '';
  for (let attempt = 1; ; attempt++) {
    const name = isGenerated ? generateName(base, () => context.random()) : target.name;
    const named = { ...target, name };
    const inserted = await insert(
      context,
      { target: named, dryRun: request.dryRun },
      await request.make(name),
    );
    if (inserted !== undefined) return inserted;
    if (base !== '' && (!isGenerated || attempt === NAME_ATTEMPTS)) throw noNameFound(named);
    if (!isGenerated) throw await nameTaken(context, named);
  }
}

/** Undefined when the name is taken. */
async function insert(
  context: RegistryContext,
  { target, dryRun }: Pick<NewObject, 'dryRun' | 'target'>,
  next: Unstructured,
): Promise<ApiObject | undefined> {
  const { resource, name } = target;
  const key = storageKey(target);
  const object = toStored(resource, next);
  if (dryRun) {
    checkSize(object);
    const taken = await translated(context.store.get(key), { resource, name });
    return taken === undefined ? shownObject(next) : undefined;
  }
  try {
    return presented(resource, await context.store.commit({ op: 'create', key, object }));
  } catch (error) {
    if (isStorageError(error, 'Exists')) return undefined;
    throw storageFailure(error, { resource, name });
  }
}

/** A client may want to wait for an object that is on its way out (store.go Create). */
async function nameTaken(context: RegistryContext, target: Target): Promise<StatusError> {
  const { resource, name } = target;
  const error = alreadyExists(resource, name);
  const other = await translated(context.store.get(storageKey(target)), { resource, name });
  if (other?.object.metadata.deletionTimestamp === undefined) return error;
  const { details = {} } = error;
  return new StatusError('AlreadyExists', `object is being deleted: ${error.message}`, { details });
}

/** errors.NewGenerateNameConflict: a client may just try again. */
function noNameFound({ resource, name }: Target): StatusError {
  const { group, plural: kind } = resource;
  return new StatusError(
    'AlreadyExists',
    `${qualifiedResource(resource)} "${name}" already exists, the server was not able to generate a unique name for the object`,
    { details: { name, ...(group !== '' && { group }), kind, retryAfterSeconds: 1 } },
  );
}

/**
 * No objects are created while their CustomResourceDefinition is being deleted (customresource_handler.go).
 * @throws StatusError Forbidden
 */
export function refuseTerminating(resource: Resource, name: string): void {
  if (resource.terminating !== true) return;
  const { group, plural: kind } = resource;
  throw new StatusError(
    'Forbidden',
    `${qualifiedResource(resource)} "${name}" is forbidden: create not allowed while custom resource definition is terminating`,
    { details: { ...(name !== '' && { name }), group, kind } },
  );
}
