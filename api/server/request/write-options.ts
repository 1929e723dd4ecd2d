import { abridged, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { FieldValidation, Subresource, WriteOptions } from '../../registry/requests.ts';
import type { ResourceRequest } from './resource-request.ts';

/** What clients put behind the `?` of a write, checked. */

const FIELD_VALIDATION = ['', 'Ignore', 'Strict', 'Warn'];

export type OptionsKind = 'CreateOptions' | 'DeleteOptions' | 'PatchOptions' | 'UpdateOptions';

/** @throws StatusError Invalid for values kube-apiserver does not know */
export function writeOptions({ c }: ResourceRequest, kind: OptionsKind): WriteOptions {
  const fieldValidation = c.req.query('fieldValidation') ?? '';
  const dryRun = c.req.queries('dryRun') ?? [];
  const causes = dryRunProblems(dryRun);
  if (!FIELD_VALIDATION.includes(fieldValidation)) {
    causes.push(unsupportedOption('fieldValidation', fieldValidation, FIELD_VALIDATION));
  }
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', causes);
  const fieldManager = c.req.query('fieldManager');
  const userAgent = c.req.header('user-agent');
  return {
    user: c.var.user,
    dryRun: dryRun.length > 0,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    ...(fieldManager === undefined || fieldManager === '' ? {} : { fieldManager }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

/** @throws StatusError Invalid */
export function isDryRun(values: readonly string[], kind: OptionsKind): boolean {
  const causes = dryRunProblems(values);
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', causes);
  return values.length > 0;
}

function dryRunProblems(values: readonly string[]): StatusCause[] {
  if (values.every((value) => value === 'All')) return [];
  return [unsupportedOption('dryRun', values.slice(0, 10), ['All'])];
}

/** The dispatch has looked at it already: only those of this type come here. */
export function subresourceOf({ place }: ResourceRequest): Subresource | undefined {
  return place.subresource === '' ? undefined : (place.subresource as Subresource);
}

function unsupportedOption(
  field: string,
  value: readonly string[] | string,
  supported: readonly string[],
): StatusCause {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const shown = abridged(JSON.stringify(value));
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${shown}: supported values: ${list}`,
  };
}
