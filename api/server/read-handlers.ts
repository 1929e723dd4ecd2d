import type { Resource } from '../registry/resource.ts';
import { collectionQuery, isTrue } from './query.ts';
import { reply } from './reply.ts';
import { representationFor, targetOf } from './resource-request.ts';
import type { HandlerOptions, RequestContext } from './server-environment.ts';
import { handleWatch } from './watch-handler.ts';

export async function handleGet(
  c: RequestContext,
  resource: Resource,
  options: HandlerOptions,
): Promise<Response> {
  const representation = representationFor(c, resource, options);
  const object = await options.registry.get(targetOf(c, resource));
  return reply(representation.object(object), representation);
}

/** GET of a collection: a list, or a watch with `?watch=true`. */
export async function handleList(
  c: RequestContext,
  resource: Resource,
  options: HandlerOptions,
): Promise<Response> {
  if (isTrue(c.req.query('watch'))) return handleWatch(c, resource, options);
  const representation = representationFor(c, resource, options);
  const next = c.req.query('continue');
  const query = { ...collectionQuery(c, resource), ...(next === undefined ? {} : { continue: next }) };
  const list = await options.registry.list(query);
  return reply(representation.list(list), representation);
}
