import { createHash } from 'node:crypto';
import type { Hono } from 'hono';
import { replyJson } from './reply.ts';
import type { ServerTypes } from './server-environment.ts';

/** The OpenAPI v3 documents, by the path the index gives them, such as `apis/agent.wecode.io/v1`. */
export type OpenApiDocuments = ReadonlyMap<string, object>;

const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** An index with a hash in each URL, so that clients may keep documents for ever (KEP 2896). */
export function mountOpenApi(app: Hono<ServerTypes>, documents: OpenApiDocuments): void {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const [path, document] of documents) {
    const text = JSON.stringify(document);
    const hash = createHash('sha512').update(text).digest('hex').toUpperCase();
    const url = `/openapi/v3/${path}`;
    paths[path] = { serverRelativeURL: `${url}?hash=${hash}` };
    app.get(url, (c) => {
      const asked = c.req.query('hash');
      if (asked !== undefined && asked !== hash) return c.redirect(`${url}?hash=${hash}`, 301);
      const headers = { etag: `"${hash}"`, vary: 'Accept', ...caching(asked !== undefined) };
      if (c.req.header('if-none-match') === `"${hash}"`) return new Response(null, { status: 304, headers });
      return new Response(text, { headers: { ...headers, 'content-type': 'application/json' } });
    });
  }
  app.get('/openapi/v3', () => replyJson({ paths }));
}

function caching(forEver: boolean): Record<string, string> {
  if (!forEver) return { 'cache-control': 'no-cache, private' };
  return { 'cache-control': `public, immutable, max-age=${YEAR_SECONDS}` };
}
