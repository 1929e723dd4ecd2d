import type { Resource, Target } from '../../registry/resource.ts';
import type { Representation } from '../answer/list-text.ts';
import { negotiate } from './media-type.ts';
import { createRepresentation } from '../answer/representation.ts';
import type { ResourcePath } from './resource-path.ts';
import type { HandlerOptions, RequestContext } from '../server-environment.ts';
import { SCALE_COLUMNS } from '../answer/table-columns.ts';
import { parseIncludeObject } from '../answer/table.ts';

/** A request for a resource that is served, as its handler gets it. */
export interface ResourceRequest {
  c: RequestContext;
  resource: Resource;
  /** What its path names. */
  place: ResourcePath;
  options: HandlerOptions;
}

/** The object a URL names. */
export function targetOf({ resource, place: { namespace, name } }: ResourceRequest): Target {
  return { resource, namespace, name };
}

/** The form the client wants the answer in. @throws StatusError NotAcceptable, BadRequest */
export function representationFor({ c, resource, place, options }: ResourceRequest): Representation {
  const negotiated = negotiate(c.req.header('accept'));
  const isTable = negotiated.as?.kind === 'Table';
  return createRepresentation({
    resource,
    negotiated,
    includeObject: parseIncludeObject(isTable ? c.req.query('includeObject') : undefined),
    ...(place.subresource === 'scale' ? { columnsOf: SCALE_COLUMNS } : {}),
    now: () => options.clock.now(),
  });
}
