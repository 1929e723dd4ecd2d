import { badRequest, invalid } from '../machinery/status-error.ts';
import type { CollectionQuery, FieldValidation, WriteOptions } from '../registry/requests.ts';
import type { Resource } from '../registry/resource.ts';
import type { RequestContext } from './server-environment.ts';

/** What clients put behind the `?`, checked. */

export function isTrue(text: string | undefined): boolean {
  return (
    text === '1' || text === 'true' || text === 'True' || text === 'TRUE' || text === 't' || text === 'T'
  );
}

/** @throws StatusError BadRequest for what is no whole number from 0 */
export function wholeNumber(c: RequestContext, name: string): number | undefined {
  const text = c.req.query(name);
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw badRequest(`${name}: Invalid value: ${JSON.stringify(text)}: must be a whole number`);
}

export function collectionQuery(c: RequestContext, resource: Resource): CollectionQuery {
  const query = c.req.query();
  return {
    resource,
    namespace: c.req.param('namespace') ?? '',
    ...pick(query, 'labelSelector'),
    ...pick(query, 'fieldSelector'),
    ...pick(query, 'resourceVersion'),
    ...pick(query, 'resourceVersionMatch'),
  };
}

function pick<Name extends string>(query: Record<string, string>, name: Name): { [K in Name]?: string } {
  const value = query[name];
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]?: string });
}

const FIELD_VALIDATION = new Set(['Ignore', 'Strict', 'Warn']);

/** @throws StatusError Invalid for values kube-apiserver does not know */
export function writeOptions(c: RequestContext): WriteOptions {
  const fieldValidation = c.req.query('fieldValidation') ?? '';
  if (fieldValidation !== '' && !FIELD_VALIDATION.has(fieldValidation)) {
    throw unsupportedOption('fieldValidation', fieldValidation, [...FIELD_VALIDATION]);
  }
  return {
    dryRun: isDryRun(c.req.queries('dryRun')),
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
  };
}

export function isDryRun(values: readonly string[] | undefined): boolean {
  const wrong = values?.find((value) => value !== 'All' && value !== '');
  if (wrong !== undefined) throw unsupportedOption('dryRun', wrong, ['All']);
  return values?.includes('All') ?? false;
}

function unsupportedOption(field: string, value: string, supported: readonly string[]): Error {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  return invalid({ group: 'meta.k8s.io', kind: 'Options' }, '', [
    {
      reason: 'FieldValueNotSupported',
      field,
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
    },
  ]);
}
