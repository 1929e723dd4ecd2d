import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import { decodeObject } from './write/decode.ts';
import { checkFieldManager } from './write/field-management.ts';
import { untilWritten } from './write/commit-update.ts';
import type { UpdateRequest, WriteResult } from './requests.ts';
import { withCredentials } from './masks/with-credentials.ts';
import { updateScale } from './scale.ts';
import { writeObject } from './write/write-path.ts';
import { checkDeletionMarks, checkPlace, checkRevision, checkUID } from './write/write-target.ts';

/** @throws StatusError NotFound, Conflict for a stale resourceVersion or another uid, BadRequest, Invalid */
export async function updateObject(context: RegistryContext, request: UpdateRequest): Promise<WriteResult> {
  checkFieldManager('UpdateOptions', request);
  if (request.subresource === 'scale') return updateScale(context, request);
  const { target, subresource } = request;
  const { resource } = target;
  const decoded = decodeObject(resource, request.body, request);
  const { metadata } = decoded.object;
  checkPlace(metadata, target);
  const { resourceVersion = '', uid = '' } = metadata;
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    checkUID(target, current.object, uid);
    checkRevision(target, resourceVersion, current.stored.revision);
    if (subresource === undefined) checkDeletionMarks(target, metadata, current);
    const whole = await withCredentials(context, { request, current }, decoded);
    return writeObject(context, { target, subresource, options: request, current, decoded: whole });
  });
}
