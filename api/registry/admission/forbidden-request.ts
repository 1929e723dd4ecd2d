import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { AdmissionRequest } from './admission.ts';

type Place = Pick<AdmissionRequest, 'name' | 'resource'>;

/** A refusal in the words of apimachinery pkg/api/errors NewForbidden. */
export function forbiddenRequest({ resource, name }: Place, why: string): StatusError {
  const { group, plural: kind } = resource;
  const subject = name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} "${name}"`;
  const details = { ...(name !== '' && { name }), ...(group !== '' && { group }), kind };
  return new StatusError('Forbidden', `${subject} is forbidden: ${why}`, { details });
}
