import { badRequest } from '../machinery/status-error.ts';
import type { RegistryContext } from './context.ts';
import { unmasked } from './masks/unmask.ts';
import type { CreateRequest, WriteResult } from './requests.ts';
import { untilWritten } from './write/commit-update.ts';
import { decodeObject } from './write/decode.ts';
import { checkFieldManager } from './write/field-management.ts';
import { writeObject } from './write/write-path.ts';
import { placedIn } from './write/write-target.ts';

/** @throws StatusError BadRequest, Invalid, NotFound (no such namespace), Forbidden (it is being deleted), AlreadyExists */
export async function createObject(context: RegistryContext, request: CreateRequest): Promise<WriteResult> {
  checkFieldManager('CreateOptions', request);
  const { resource, namespace } = request;
  const { object: given, warnings } = decodeObject(resource, request.body, request);
  const object = unmasked(context.masking.masks, { resource, given, stored: undefined });
  if (/^\d*[1-9]\d*$/.test(object.metadata.resourceVersion ?? '')) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const decoded = { object: placedIn(resource, namespace, object), warnings };
  const target = { resource, namespace, name: object.metadata.name };
  return untilWritten(() => writeObject(context, { target, options: request, decoded }));
}
