import { badRequest } from '../machinery/status-error.ts';
import type { CollectionQuery } from '../registry/requests.ts';
import type { ResourceRequest } from './resource-request.ts';
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

export function collectionQuery({ c, resource, attributes }: ResourceRequest): CollectionQuery {
  const query = c.req.query();
  return {
    resource,
    namespace: attributes.namespace,
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
