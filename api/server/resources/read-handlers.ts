import { formatApiVersion } from '../../machinery/group-version-kind.ts';
import type { ObjectList } from '../../registry/requests.ts';
import type { Resource } from '../../registry/resource.ts';
import { listMetadata } from '../answer/list-text.ts';
import { collectionQuery, wholeNumber } from '../request/query.ts';
import { replyPieces } from '../answer/reply-pieces.ts';
import { replyTo } from '../answer/reply.ts';
import { representationFor } from '../answer/negotiated-representation.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { subresourceOf } from '../request/write-options.ts';

export async function handleGet(request: ResourceRequest): Promise<Response> {
  const representation = representationFor(request);
  const subresource = subresourceOf(request);
  const object = await request.options.registry.get({
    target: targetOf(request),
    user: request.c.var.user,
    ...(subresource === undefined ? {} : { subresource }),
  });
  request.c.var.audited?.responseObject(() => object.object);
  return replyTo(request, representation.object(object), representation);
}

export async function handleList(request: ResourceRequest): Promise<Response> {
  const representation = representationFor(request);
  const list = await request.options.registry.list(listQuery(request));
  request.c.var.audited?.responseObject(() => auditedList(request.resource, list));
  return replyPieces(request, representation.list(list), representation);
}

/** As the client would get it as JSON. */
export function auditedList(resource: Resource, list: ObjectList): object {
  return {
    kind: resource.listKind,
    apiVersion: formatApiVersion(resource),
    metadata: listMetadata(list),
    items: list.items.map(({ object }) => object),
  };
}

export function listQuery(
  request: ResourceRequest,
): ReturnType<typeof collectionQuery> & { limit?: number; continue?: string } {
  const { c } = request;
  const next = c.req.query('continue');
  const limit = wholeNumber(c, 'limit');
  // Means nothing here, and is read all the same.
  wholeNumber(c, 'timeoutSeconds');
  return {
    ...collectionQuery(request),
    ...(next === undefined ? {} : { continue: next }),
    ...(limit === undefined ? {} : { limit }),
  };
}
