import { goQuote } from '../../machinery/go-text.ts';
import { qualifiedResource } from '../../machinery/group-version-kind.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { AdmissionRequest } from './admission.ts';

type Place = Pick<AdmissionRequest, 'name' | 'resource'>;

/** A refusal in the words of apimachinery pkg/api/errors NewForbidden. */
export function forbiddenRequest(
  { resource, name }: Place,
  why: string,
  causes: StatusCause[] = [],
): StatusError {
  const { group, plural: kind } = resource;
  const subject =
    name === '' ? qualifiedResource(resource) : `${qualifiedResource(resource)} ${goQuote(name)}`;
  const details = {
    ...(name !== '' && { name }),
    ...(group !== '' && { group }),
    ...{ kind, ...(causes.length > 0 && { causes }) },
  };
  return new StatusError('Forbidden', `${subject} is forbidden: ${why}`, { details });
}
