import { applyJsonPatch } from '../machinery/json-patch.ts';
import { applyMergePatch } from '../machinery/merge-patch.ts';
import type { Unstructured } from '../machinery/meta.ts';
import { conflict, StatusError } from '../machinery/status-error.ts';
import type { RegistryContext } from './context.ts';
import { decodeObject } from './decode.ts';
import { getObject } from './get.ts';
import { replaceObject } from './replace.ts';
import type { PatchRequest, WriteResult } from './requests.ts';
import { withoutDirectives } from './strategic-patch.ts';
import { checkPlace } from './update.ts';

/** Each lost race means that another writer got on; so many in a row mean that something is wrong. */
const MAX_ATTEMPTS = 1000;

/**
 * Applies a patch to the newest object until it commits (GuaranteedUpdate). A patch that names a
 * resourceVersion applies to that one only.
 * @throws StatusError NotFound, Conflict, BadRequest, Invalid
 */
export async function patchObject(context: RegistryContext, request: PatchRequest): Promise<WriteResult> {
  const { target, subresource, dryRun } = request;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const current = await getObject(context, target);
    const patched = applyPatch(request, current.object);
    const { object: candidate, warnings } = decodeObject(target.resource, patched, request.fieldValidation);
    checkPlace(candidate.metadata, target);
    const { resourceVersion = '' } = candidate.metadata;
    if (resourceVersion !== '' && resourceVersion !== String(current.revision)) {
      throw conflict(target.resource, target.name);
    }
    const replacement = { target, dryRun, current, candidate, ...(subresource && { subresource }) };
    const object = await replaceObject(context, replacement);
    if (object !== undefined) return { object, warnings };
  }
  throw new StatusError('ServerTimeout', 'the object changed all the time while the patch was applied', {
    details: { retryAfterSeconds: 1 },
  });
}

function applyPatch(request: PatchRequest, object: Unstructured): Unstructured {
  if (request.type === 'json') return applyJsonPatch(object, request.body);
  return applyMergePatch(object, request.type === 'merge' ? request.body : withoutDirectives(request.body));
}
