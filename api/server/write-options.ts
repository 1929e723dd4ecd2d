import { invalid } from '../machinery/status-error.ts';
import type { FieldValidation, Subresource, WriteOptions } from '../registry/requests.ts';
import type { ResourceRequest } from './resource-request.ts';

/** What clients put behind the `?` of a write, checked. */

const FIELD_VALIDATION = new Set(['Ignore', 'Strict', 'Warn']);

export type OptionsKind = 'CreateOptions' | 'DeleteOptions' | 'PatchOptions' | 'UpdateOptions';

/** @throws StatusError Invalid for values kube-apiserver does not know */
export function writeOptions({ c }: ResourceRequest, kind: OptionsKind): WriteOptions {
  const fieldValidation = c.req.query('fieldValidation') ?? '';
  if (fieldValidation !== '' && !FIELD_VALIDATION.has(fieldValidation)) {
    throw unsupportedOption(kind, {
      field: 'fieldValidation',
      value: fieldValidation,
      supported: [...FIELD_VALIDATION].sort(),
    });
  }
  const fieldManager = c.req.query('fieldManager');
  const userAgent = c.req.header('user-agent');
  return {
    dryRun: isDryRun(c.req.queries('dryRun'), kind),
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    ...(fieldManager === undefined || fieldManager === '' ? {} : { fieldManager }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

export function isDryRun(values: readonly string[] | undefined, kind: OptionsKind): boolean {
  const wrong = values?.find((value) => value !== 'All' && value !== '');
  if (wrong !== undefined) {
    throw unsupportedOption(kind, { field: 'dryRun', value: wrong, supported: ['All'] });
  }
  return values?.includes('All') ?? false;
}

/** The dispatch has looked at it already: only these three come here. */
export function subresourceOf({ attributes }: ResourceRequest): Subresource | undefined {
  return attributes.subresource as Subresource | undefined;
}

interface WrongOption {
  field: string;
  value: string;
  supported: readonly string[];
}

function unsupportedOption(kind: OptionsKind, { field, value, supported }: WrongOption): Error {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const shown = JSON.stringify(value.slice(0, 100));
  return invalid({ group: 'meta.k8s.io', kind }, '', [
    {
      reason: 'FieldValueNotSupported',
      field,
      message: `Unsupported value: ${shown}: supported values: ${list}`,
    },
  ]);
}
