import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import type { Catalog } from '../registry/catalog.ts';
import { catalogView } from './catalog-view.ts';
import { buildOpenApiDocuments } from './openapi/document-v3.ts';
import { replyJson } from './reply.ts';
import type { ServerTypes } from './server-environment.ts';

export function mountOpenApi(app: Hono<ServerTypes>, catalog: Catalog): void {
  const view = catalogView(catalog, (served) => buildOpenApiDocuments(served));
  app.get('/openapi/v3', () => {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const [path, document] of view()) {
      const hash = createHash('sha512').update(JSON.stringify(document)).digest('hex').toUpperCase();
      paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
    }
    return replyJson({ paths });
  });
  app.get('/openapi/v3/*', (c, next) => {
    const document = view().get(c.req.path.slice('/openapi/v3/'.length));
    return document === undefined ? next() : Promise.resolve(replyJson(document));
  });
}
