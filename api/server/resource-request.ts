import type { Resource, Target } from '../registry/resource.ts';
import type { Representation } from './list-text.ts';
import { negotiate } from './media-type.ts';
import { createRepresentation } from './representation.ts';
import type { HandlerOptions, RequestContext } from './server-environment.ts';
import { parseIncludeObject } from './table.ts';

/** The object a URL names. */
export function targetOf(c: RequestContext, resource: Resource): Target {
  return { resource, namespace: c.req.param('namespace') ?? '', name: c.req.param('name') ?? '' };
}

/** The form the client wants the answer in. @throws StatusError NotAcceptable, BadRequest */
export function representationFor(
  c: RequestContext,
  resource: Resource,
  options: HandlerOptions,
): Representation {
  return createRepresentation({
    resource,
    negotiated: negotiate(c.req.header('accept')),
    includeObject: parseIncludeObject(c.req.query('includeObject')),
    now: () => options.clock.now(),
  });
}
