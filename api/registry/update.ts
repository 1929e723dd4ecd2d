import type { RegistryContext } from './context.ts';
import { currentObject } from './write/current-object.ts';
import { decodeObject } from './write/decode.ts';
import { checkFieldManager } from './write/field-management.ts';
import { replaceObject, untilWritten } from './write/replace.ts';
import type { UpdateRequest, WriteResult } from './requests.ts';
import { updateScale } from './scale.ts';
import { writeWarnings } from './write/write-rules.ts';
import { checkDeletionMarks, checkPlace, checkRevision, checkUID } from './write/write-target.ts';

/** @throws StatusError NotFound, Conflict for a stale resourceVersion or another uid, BadRequest, Invalid */
export async function updateObject(context: RegistryContext, request: UpdateRequest): Promise<WriteResult> {
  checkFieldManager('UpdateOptions', request);
  if (request.subresource === 'scale') return updateScale(context, request);
  const { target, subresource } = request;
  const { resource } = target;
  const { object: candidate, warnings } = decodeObject(resource, request.body, request);
  checkPlace(candidate.metadata, target);
  const { resourceVersion = '', uid = '' } = candidate.metadata;
  return untilWritten(async () => {
    const current = await currentObject(context, target);
    checkUID(target, current.object, uid);
    checkRevision(target, resourceVersion, current.stored.revision);
    if (subresource === undefined) checkDeletionMarks(target, candidate.metadata, current);
    const replacement = { target, subresource, options: request, current, candidate };
    const object = await replaceObject(context, replacement);
    const hints = writeWarnings(resource, candidate, current.object);
    return object && { object, warnings: [...warnings, ...hints] };
  });
}
