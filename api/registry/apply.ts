import { formatApiVersion } from '../machinery/group-version-kind.ts';
import type { ObjectMeta, Unstructured } from '../machinery/meta.ts';
import {
  abridged,
  badRequest,
  conflict,
  invalid,
  isStatusError,
  notFound,
} from '../machinery/status-error.ts';
import { invalidValue } from '../structural-schema/field-error.ts';
import { applyConfiguration } from '../structured-merge/field-manager.ts';
import { fieldsOf } from '../machinery/json/json.ts';
import { forbiddenRequest } from './admission/forbidden-request.ts';
import type { RegistryContext } from './context.ts';
import { unquoted } from './masks/unquoted.ts';
import { unmasked } from './masks/unmask.ts';
import { checkRedirected } from './masks/with-credentials.ts';
import { findCurrent } from './write/current-object.ts';
import type { Current } from './write/current-object.ts';
import { decodeObject } from './write/decode.ts';
import { managedWrite } from './write/field-management.ts';
import { untilWritten } from './write/commit-update.ts';
import type { PatchRequest, WriteResult } from './requests.ts';
import type { Target } from './resource.ts';
import { writeObject } from './write/write-path.ts';
import { checkIdentity, checkPatchedPlace, placedIn } from './write/write-target.ts';

/**
 * Server-side apply (KEP-555, endpoints/handlers/patch.go applyPatcher): merges a configuration into the newest
 * object until it commits, or creates the object.
 * @throws StatusError Conflict for fields that others manage or a stale resourceVersion, BadRequest, Invalid, NotFound
 */
export async function applyObject(context: RegistryContext, request: PatchRequest): Promise<WriteResult> {
  const configuration = checkedConfiguration(request);
  const warnings = duplicateWarnings(request);
  const result = await untilWritten(async () => {
    const current = await findCurrent(context, request.target);
    return current === undefined
      ? createApplied(context, request, configuration)
      : applyToCurrent(context, request, { current, configuration });
  });
  return { ...result, warnings: [...warnings, ...result.warnings] };
}

async function applyToCurrent(
  context: RegistryContext,
  request: PatchRequest,
  { current, configuration: given }: { current: Current; configuration: Unstructured },
): Promise<WriteResult | undefined> {
  const { target, subresource } = request;
  checkIdentity(target, given.metadata, current);
  const live = current.object;
  const configuration = withoutMasks(context, request, { given, stored: live });
  const merged = applyTo(context, request, { live, configuration });
  const decoded = decodeObject(target.resource, merged, { fieldValidation: 'Ignore' });
  checkPatchedPlace(decoded.object.metadata, target);
  if (subresource === undefined) {
    await checkRedirected(context, request, { stored: live, given, next: decoded.object });
  }
  const write = { target, subresource, options: request, current, decoded, isApplied: true };
  return writeObject(context, write);
}

/** Undefined when somebody else created it meanwhile. */
async function createApplied(
  context: RegistryContext,
  request: PatchRequest,
  given: Unstructured,
): Promise<WriteResult | undefined> {
  const { target, subresource } = request;
  const { resource, namespace, name } = target;
  if (subresource !== undefined) throw notFound(resource, name);
  await checkMayCreate(context, request);
  checkAbsent(target, given.metadata);
  const configuration = withoutMasks(context, request, { given, stored: undefined });
  const merged = applyTo(context, request, { live: undefined, configuration });
  const { object, warnings } = decodeObject(resource, merged, { fieldValidation: 'Ignore' });
  checkPatchedPlace(object.metadata, target);
  const decoded = { object: placedIn(resource, namespace, object), warnings };
  try {
    return await writeObject(context, { target, options: request, decoded, isApplied: true });
  } catch (error) {
    if (isStatusError(error, 'AlreadyExists')) return undefined;
    throw error;
  }
}

/** Fields are compared and merged as they are stored: managers differ by values, not by what they may see. */
function withoutMasks(
  { masking }: RegistryContext,
  { target: { resource }, subresource }: PatchRequest,
  apply: { given: Unstructured; stored: Unstructured | undefined },
): Unstructured {
  return subresource === undefined ? unmasked(masking.masks, { resource, ...apply }) : apply.given;
}

/**
 * Who may patch an object may not therefore make it (endpoints/handlers/patch.go, withAuthorization).
 * @throws StatusError Forbidden
 */
async function checkMayCreate(
  { authorizer }: RegistryContext,
  { target, user }: PatchRequest,
): Promise<void> {
  const { namespace, name, resource } = target;
  const { group, version, plural } = resource;
  const { verdict, reason } = await authorizer.authorize(user, {
    verb: 'create',
    path: '',
    resource: { group, version, plural, subresource: '', namespace, name },
  });
  if (verdict !== 'allow') throw forbiddenRequest(target, reason);
}

/** The merge of an object with a configuration, managedFields included. */
export function applyTo(
  context: RegistryContext,
  request: PatchRequest,
  merge: { live: Unstructured | undefined; configuration: Unstructured },
): Unstructured {
  const { target, subresource, force = false } = request;
  const { resource } = target;
  const managed = managedWrite(context, { resource, subresource, options: request, live: merge.live });
  try {
    return applyConfiguration({ ...managed, configuration: merge.configuration, force });
  } catch (error) {
    throw unquoted(error, { resource, objects: [merge.configuration, merge.live] });
  }
}

/** The body as far as it must be right before it is merged. */
function checkedConfiguration({ target, body }: PatchRequest): Unstructured {
  const { resource, name } = target;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw badRequest('error decoding patch: the body of an apply must be an object');
  }
  const { apiVersion, kind, metadata } = body as Record<string, unknown>;
  if (typeof kind !== 'string' || kind === '') throw badRequest("Object 'Kind' is missing in the body");
  const wanted = formatApiVersion(resource);
  if (apiVersion !== wanted) {
    const given = typeof apiVersion === 'string' ? abridged(apiVersion) : '';
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${given}, expected: ${wanted}`,
    );
  }
  if (kind !== resource.kind) {
    throw invalid(resource, name, [invalidValue('kind', kind, `must be ${resource.kind}`)]);
  }
  const given = fieldsOf(metadata);
  const { managedFields } = given;
  if (Array.isArray(managedFields) && managedFields.length > 0) {
    throw badRequest('metadata.managedFields must be nil');
  }
  if (metadata !== undefined && metadata !== null && metadata !== given) {
    throw badRequest(
      `failed to create typed patch object (/; ${wanted}, Kind=${kind}): .metadata: expected map`,
    );
  }
  return { ...body, apiVersion: wanted, kind, metadata: given as Partial<ObjectMeta> as ObjectMeta };
}

/** Whoever names a uid or a version means an object that there is. */
function checkAbsent({ resource, name }: Target, { uid = '', resourceVersion = '' }: ObjectMeta): void {
  if (uid !== '') {
    throw conflict(
      resource,
      name,
      `uid mismatch: the provided object specified uid ${abridged(uid)}, and no existing object was found`,
    );
  }
  if (resourceVersion !== '') throw conflict(resource, name);
}

function duplicateWarnings({ fieldValidation, duplicateFields = [] }: PatchRequest): string[] {
  if (fieldValidation === 'Ignore' || duplicateFields.length === 0) return [];
  const text = duplicateFields.slice(0, 100).map((field) => `duplicate field "${abridged(field)}"`);
  if (fieldValidation === 'Strict') throw badRequest(`error strict decoding patch: ${text.join(', ')}`);
  return text;
}
