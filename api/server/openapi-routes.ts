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
  app.get('/openapi/v2', (c) => openApiV2(c.req.header('accept') ?? ''));
}

const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/**
 * A v2 document without kinds: v3 has them. kubectl asks for it when it does not know a kind, and would tell its
 * user that openapi could not be downloaded instead of naming the kind.
 */
function openApiV2(accept: string): Response {
  const headers = { 'cache-control': 'no-cache, private', vary: 'Accept' };
  if (/com\.github\.proto-openapi\.spec\.v2/.test(accept)) {
    return new Response(emptyV2Protobuf(), { headers: { ...headers, 'content-type': V2_PROTOBUF } });
  }
  return replyJson({ swagger: '2.0', info: V2_INFO, paths: {} });
}

const V2_INFO = { title: 'Troupe', version: 'v1' };

/** gnostic's openapi.v2.Document: swagger = 1, info = 2 {title = 1, version = 2}; all are length-delimited. */
function emptyV2Protobuf(): Uint8Array<ArrayBuffer> {
  const field = (number: number, value: Buffer): Buffer =>
    Buffer.concat([Buffer.from([number * 8 + 2, value.length]), value]);
  const info = [field(1, Buffer.from(V2_INFO.title)), field(2, Buffer.from(V2_INFO.version))];
  const document = [field(1, Buffer.from('2.0')), field(2, Buffer.concat(info))];
  return new Uint8Array(Buffer.concat(document));
}

function caching(forEver: boolean): Record<string, string> {
  if (!forEver) return { 'cache-control': 'no-cache, private' };
  return { 'cache-control': `public, immutable, max-age=${YEAR_SECONDS}` };
}
