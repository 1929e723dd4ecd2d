import type { Resource, Target } from '../../registry/resource.ts';
import type { ResourcePath } from './resource-path.ts';
import type { HandlerOptions, RequestContext } from '../server-environment.ts';

/** A request for a resource that is served, as its handler gets it. */
export interface ResourceRequest {
  c: RequestContext;
  resource: Resource;
  /** The place that its path names. */
  place: ResourcePath;
  options: HandlerOptions;
}

/** The object a URL names. */
export function targetOf({ resource, place: { namespace, name } }: ResourceRequest): Target {
  return { resource, namespace, name };
}
