import { applyObject } from './apply.ts';
import { applyPatch } from './patches/apply-patch.ts';
import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import type { Current } from './write/current-object.ts';
import { decodeObject } from './write/decode.ts';
import { checkPatchOptions } from './write/field-management.ts';
import { untilWritten } from './write/commit-update.ts';
import { seenState, withCredentials } from './masks/with-credentials.ts';
import type { PatchRequest, WriteResult } from './requests.ts';
import { patchScale } from './scale.ts';
import { writeObject } from './write/write-path.ts';
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
  const patched = applyPatch(request, await seenState(context, request, current));
  const decoded = decodeObject(target.resource, patched, { ...request, isPatched: true });
  const { metadata } = decoded.object;
  checkPatchedPlace(metadata, target);
  checkPatched(target, metadata, current);
  if (subresource === undefined) checkDeletionMarks(target, metadata, current);
  const whole = await withCredentials(context, { request, current }, decoded);
  return writeObject(context, { target, subresource, options: request, current, decoded: whole });
}
