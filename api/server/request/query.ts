import { badRequest } from '../../machinery/status-error.ts';
import type { CollectionQuery } from '../../registry/requests.ts';
import type { ResourceRequest } from './resource-request.ts';
import type { RequestContext } from '../server-environment.ts';

/** What clients put behind the `?`, checked. */

export function isTrue(text: string | undefined): boolean {
  return (
    text === '1' || text === 'true' || text === 'True' || text === 'TRUE' || text === 't' || text === 'T'
  );
}

/** As apimachinery pkg/runtime/conversion.go: whatever does not deny says yes. */
export function isGiven(text: string | undefined): boolean {
  return text !== undefined && !/^(?:0|false)$/i.test(text);
}

const MAX_INT64 = 2n ** 63n - 1n;

/** Below zero is zero. @throws StatusError BadRequest for what is no whole number of 64 bits */
export function wholeNumber(c: RequestContext, name: string): number | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const isNumber = /^[-+]?\d+$/.test(text);
  if (isNumber && text.length <= 20 && BigInt(text.replace('+', '')) <= MAX_INT64) {
    return Math.min(Math.max(Number(text), 0), Number.MAX_SAFE_INTEGER);
  }
  const fault = isNumber ? 'value out of range' : 'invalid syntax';
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 256))}: ${fault}`);
}

export function collectionQuery({ c, resource, place }: ResourceRequest): CollectionQuery {
  const query = c.req.query();
  const { name } = place;
  return {
    user: c.var.user,
    resource,
    namespace: place.namespace,
    ...pick(query, 'labelSelector'),
    ...(name === '' ? pick(query, 'fieldSelector') : { fieldSelector: nameSelector(name) }),
    ...pick(query, 'resourceVersion'),
    ...pick(query, 'resourceVersionMatch'),
    ...(query['sendInitialEvents'] === undefined
      ? {}
      : { sendInitialEvents: isGiven(query['sendInitialEvents']) }),
  };
}

/** Of a watch of one object, in the older form of its path. */
const nameSelector = (name: string): string => `metadata.name=${name.replaceAll(/[\\,=]/g, '\\$&')}`;

function pick<Name extends string>(query: Record<string, string>, name: Name): { [K in Name]?: string } {
  const value = query[name];
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]?: string });
}
