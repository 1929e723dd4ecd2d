import type { Hono } from 'hono';
import type { Access } from '../access/access.ts';
import { replyJson } from '../answer/reply.ts';
import { parseJson, readBody, unsupported } from '../request/body.ts';
import { parseMediaType } from '../request/media-type.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import type { HandlerOptions, RequestContext, ServerTypes } from '../server-environment.ts';
import { runBatch } from './batch.ts';
import { handleCompatible } from './compatible-handlers.ts';
import { handleEnvelope } from './envelope-handlers.ts';
import { catalogView } from '../resources/catalog-view.ts';
import { restDocument } from './rest-document.ts';
import { batchPath } from './rest-path.ts';
import type { BatchPath } from './rest-path.ts';

const JSON_TYPE = 'application/json';

export interface RestOptions extends HandlerOptions {
  access: Access;
}

/** The paths of `/api/v1` that are ours. The dispatch of the API proper answers all others. */
export function mountRest(app: Hono<ServerTypes>, options: RestOptions): void {
  const document = catalogView(options.registry.catalog, restDocument);
  app.get('/api/v1/openapi.json', () => replyJson(document()));
  app.use('/api/v1/*', async (c, next) => {
    const batch = c.req.method === 'POST' ? batchPath(c.req.path) : undefined;
    if (batch !== undefined) return runBatchRequest(c, options, batch);
    const { place } = c.var;
    if (place?.rest === undefined) return next();
    const resource = options.registry.catalog.find(place);
    if (resource === undefined) return next();
    const request: ResourceRequest = { c, resource, place, options };
    const answer = await (place.rest === 'envelope' ? handleEnvelope(request) : handleCompatible(request));
    return answer ?? next();
  });
}

async function runBatchRequest(
  c: RequestContext,
  { registry, access, logger }: RestOptions,
  path: BatchPath,
): Promise<Response> {
  const { type } = parseMediaType(c.req.header('content-type') ?? JSON_TYPE);
  if (type !== JSON_TYPE) throw unsupported([JSON_TYPE]);
  const body = parseJson(await readBody(c.env.incoming), 'batch');
  const userAgent = c.req.header('user-agent');
  const write = {
    user: c.var.user,
    dryRun: c.req.query('dryRun') === 'All',
    fieldValidation: 'Strict' as const,
    ...(userAgent === undefined ? {} : { userAgent }),
  };
  return replyJson(await runBatch({ registry, access, path, write, logger, audited: c.var.audited }, body));
}
