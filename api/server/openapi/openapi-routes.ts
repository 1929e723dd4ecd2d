import type { Hono } from 'hono';
import type { Catalog } from '../../registry/catalog.ts';
import { catalogView } from '../resources/catalog-view.ts';
import { matchesETag } from '../answer/entity-tag.ts';
import { parseMediaType } from '../request/media-type.ts';
import { addressV3, OpenApiPublisher } from './publication.ts';
import type { Publication } from './publication.ts';
import type { PublishedDocument } from './published-document.ts';
import { whenRead } from '../answer/read-only.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

const JSON_TYPE = 'application/json';
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** How clients wrote it before 2023, and most still do: the `@` is not allowed in a media type. */
const V2_PROTOBUF_OLD = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const REVALIDATE = { 'cache-control': 'no-cache, private' };
/** Below, compressing is not worth it (kube-openapi's gziphandler). */
const MIN_GZIP_BYTES = 1400;
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** OpenAPI v3, a document for each group and version (KEP 2896), and v2, one for all. */
export function mountOpenApi(app: Hono<ServerTypes>, catalog: Catalog): void {
  const publisher = new OpenApiPublisher();
  const view = catalogView(catalog, (served) => publisher.publish(served));
  app.all('/openapi/v2', (c) => whenRead(c, () => replyV2(c, view())));
  app.all('/openapi/v3', (c) =>
    whenRead(c, () => replyDocument(c, view().index(), { 'content-type': JSON_TYPE, ...REVALIDATE })),
  );
  app.all('/openapi/v3/*', async (c, next) => {
    const path = c.req.path.slice('/openapi/v3/'.length);
    const document = view().v3.get(path);
    return document === undefined ? next() : whenRead(c, () => replyV3(c, path, document()));
  });
}

function replyV3(c: RequestContext, path: string, document: PublishedDocument): Response {
  if (acceptedType(c, [JSON_TYPE]) === undefined) return notAcceptable();
  const asked = c.req.query('hash') ?? '';
  if (asked !== '' && asked !== document.hash) return c.redirect(addressV3(path, document), 301);
  return replyDocument(c, document, {
    'content-type': JSON_TYPE,
    ...(asked === ''
      ? REVALIDATE
      : { 'cache-control': 'public, immutable', expires: new Date(Date.now() + YEAR_MS).toUTCString() }),
  });
}

function replyV2(c: RequestContext, publication: Publication): Response {
  const type = acceptedType(c, [JSON_TYPE, V2_PROTOBUF_OLD, V2_PROTOBUF]);
  if (type === undefined) return notAcceptable();
  const isJson = type === JSON_TYPE;
  return replyDocument(c, isJson ? publication.v2() : publication.v2Protobuf(), {
    'content-type': isJson ? JSON_TYPE : V2_PROTOBUF,
    ...REVALIDATE,
  });
}

function replyDocument(
  c: RequestContext,
  document: PublishedDocument,
  { 'content-type': contentType, ...headers }: Record<string, string>,
): Response {
  const etag = `"${document.hash}"`;
  const kept = { ...headers, etag, vary: 'Accept, Accept-Encoding' };
  if (matchesETag(c, etag)) return new Response(null, { status: 304, headers: kept });
  const sent = { ...kept, 'content-type': contentType ?? JSON_TYPE };
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(c.req.header('accept-encoding') ?? '');
  if (!takesGzip || document.bytes.length < MIN_GZIP_BYTES)
    return new Response(document.bytes, { headers: sent });
  return new Response(document.gzip(), { headers: { ...sent, 'content-encoding': 'gzip' } });
}

/** As kube-openapi: nothing in it but the status. */
const notAcceptable = (): Response => new Response(null, { status: 406, headers: { vary: 'Accept' } });

/** The first type of the client's list that is `known`; everything when it has no list. */
function acceptedType(c: RequestContext, known: readonly string[]): string | undefined {
  const accept = c.req.header('accept') ?? '';
  if (accept.trim() === '') return known[0];
  for (const range of accept.split(',')) {
    const { type } = parseMediaType(range);
    const found = known.find((one) => type === one || type === 'application/*' || type === '*/*');
    if (found !== undefined) return found;
  }
  return undefined;
}
