import { applyObject } from './apply.ts';
import { applyPatch } from './apply-patch.ts';
import type { RegistryContext } from './context.ts';
import { type Current, currentObject } from './current-object.ts';
import { decodeObject } from './decode.ts';
import { checkPatchOptions } from './field-management.ts';
import { replaceObject, untilWritten } from './replace.ts';
import type { PatchRequest, WriteResult } from './requests.ts';
import { patchScale } from './scale.ts';
import { writeWarnings } from './write-rules.ts';
import { checkDeletionMarks, checkPatched, checkPatchedPlace } from './write-target.ts';

/**
 * Applies a patch to the newest object until it commits. A patch that names a resourceVersion applies to that one
 * only.
 * @throws StatusError NotFound, Conflict, BadRequest, Invalid
 */
export async function patchObject(context: RegistryContext, request: PatchRequest): Promise<WriteResult> {
  checkPatchOptions(request);
  if (request.subresource === 'scale') return patchScale(context, request);
  if (request.type === 'apply') return applyObject(context, request);
  return untilWritten(async () => {
    const current = await currentObject(context, request.target);
    return patchCurrent(context, request, current);
  });
}

async function patchCurrent(
  context: RegistryContext,
  request: PatchRequest,
  current: Current,
): Promise<WriteResult | undefined> {
  const { target, subresource } = request;
  const { resource } = target;
  const patched = applyPatch(request, current.object);
  const { object: candidate, warnings } = decodeObject(resource, patched, { ...request, isPatched: true });
  checkPatchedPlace(candidate.metadata, target);
  checkPatched(target, candidate.metadata, current);
  if (subresource === undefined) checkDeletionMarks(target, candidate.metadata, current);
  const replacement = { target, subresource, options: request, current, candidate };
  const object = await replaceObject(context, replacement);
  const hints = writeWarnings(resource, candidate, current.object);
  return object && { object, warnings: [...warnings, ...hints] };
}
