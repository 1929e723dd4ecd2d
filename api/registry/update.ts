import type { ObjectMeta } from '../machinery/meta.ts';
import { abridged, badRequest, conflict, invalid } from '../machinery/status-error.ts';
import { invalidValue } from '../schema/field-error.ts';
import type { RegistryContext } from './context.ts';
import { decodeObject } from './decode.ts';
import { getObject } from './get.ts';
import { replaceObject } from './replace.ts';
import type { UpdateRequest, WriteResult } from './requests.ts';
import type { Target } from './resource.ts';

/** @throws StatusError NotFound, Conflict for a stale resourceVersion or another uid, BadRequest, Invalid */
export async function updateObject(context: RegistryContext, request: UpdateRequest): Promise<WriteResult> {
  const { target, subresource, dryRun } = request;
  const { resource } = target;
  const { object: candidate, warnings } = decodeObject(resource, request.body, request.fieldValidation);
  checkPlace(candidate.metadata, target);
  const { resourceVersion = '' } = candidate.metadata;
  for (;;) {
    const current = await getObject(context, target);
    if (resourceVersion === '' && !resource.builtIn) {
      throw invalid(resource, target.name, [
        { ...invalidValue('metadata.resourceVersion', 0, 'must be specified for an update') },
      ]);
    }
    if (resourceVersion !== '' && resourceVersion !== String(current.revision)) {
      throw conflict(resource, target.name);
    }
    const replacement = { target, dryRun, current, candidate, ...(subresource && { subresource }) };
    const object = await replaceObject(context, replacement);
    if (object !== undefined) return { object, warnings };
    if (resourceVersion !== '') throw conflict(resource, target.name);
  }
}

/** The body must be about the object of the URL. */
export function checkPlace(metadata: ObjectMeta, { resource, namespace, name }: Target): void {
  if (metadata.name !== name) {
    throw badRequest(
      metadata.name === ''
        ? 'the name of the object must be set: metadata.name is missing in the body'
        : `the name of the object (${abridged(metadata.name)}) does not match the name on the URL (${name})`,
    );
  }
  const given = metadata.namespace ?? '';
  if (resource.scope === 'Namespaced' && given !== '' && given !== namespace) {
    throw badRequest(
      `the namespace of the object (${abridged(given)}) does not match the namespace on the URL (${namespace})`,
    );
  }
}
