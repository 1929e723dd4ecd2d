import { applyObject } from './apply.ts';
import { applyPatch } from './patches/apply-patch.ts';
import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import type { Current } from './write/current-object.ts';
import { decodeObject } from './write/decode.ts';
import { checkPatchOptions } from './write/field-management.ts';
import { replaceObject, untilWritten } from './write/replace.ts';
import type { PatchRequest, WriteResult } from './requests.ts';
import { patchScale } from './scale.ts';
import { writeWarnings } from './write/write-rules.ts';
import { checkDeletionMarks, checkPatched, checkPatchedPlace } from './write/write-target.ts';

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
