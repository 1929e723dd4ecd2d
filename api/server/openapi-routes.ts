import type { Hono } from 'hono';
import type { Catalog } from '../registry/catalog.ts';
import { catalogView } from './catalog-view.ts';
import { matchesETag } from './entity-tag.ts';
import { parseMediaType } from './media-type.ts';
import { type Publication, OpenApiPublisher, type PublishedDocument } from './openapi/publication.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

const JSON_TYPE = 'application/json';
const V2_PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** How clients wrote it before 2023, and most still do: the `@` is not allowed in a media type. */
const V2_PROTOBUF_OLD = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;

/** OpenAPI v3, a document for each group and version (KEP 2896), and v2, one for all. */
export function mountOpenApi(app: Hono<ServerTypes>, catalog: Catalog): void {
  const publisher = new OpenApiPublisher();
  const view = catalogView(catalog, (served) => publisher.publish(served));
  app.get('/openapi/v2', (c) => replyV2(c, view()));
  const index = catalogView(catalog, () => new TextEncoder().encode(indexText(view())));
  app.get('/openapi/v3', () => reply(index(), { 'cache-control': 'no-cache, private' }));
  app.get('/openapi/v3/*', (c, next) => {
    const path = c.req.path.slice('/openapi/v3/'.length);
    const document = view().v3.get(path);
    return document === undefined ? next() : Promise.resolve(replyV3(c, path, document()));
  });
}

/** The hash of a document is part of its address, so that clients may keep it for ever. */
function indexText(publication: Publication): string {
  const entries = [...publication.v3].map(([path, document]) => [
    path,
    { serverRelativeURL: addressV3(path, document()) },
  ]);
  return `${JSON.stringify({ paths: Object.fromEntries(entries) })}\n`;
}

const addressV3 = (path: string, { hash }: PublishedDocument): string => `/openapi/v3/${path}?hash=${hash}`;

function replyV3(c: RequestContext, path: string, document: PublishedDocument): Response {
  if (acceptedType(c, [JSON_TYPE]) === undefined) return notAcceptable();
  const asked = c.req.query('hash') ?? '';
  if (asked !== '' && asked !== document.hash) return c.redirect(addressV3(path, document), 301);
  return replyDocument(c, document, {
    'content-type': JSON_TYPE,
    ...(asked === ''
      ? { 'cache-control': 'no-cache, private' }
      : { 'cache-control': 'public, immutable', expires: new Date(Date.now() + YEAR_MS).toUTCString() }),
  });
}

function replyV2(c: RequestContext, publication: Publication): Response {
  const type = acceptedType(c, [JSON_TYPE, V2_PROTOBUF_OLD, V2_PROTOBUF]);
  if (type === undefined) return notAcceptable();
  const isJson = type === JSON_TYPE;
  return replyDocument(c, isJson ? publication.v2() : publication.v2Protobuf(), {
    'content-type': isJson ? JSON_TYPE : V2_PROTOBUF,
    'cache-control': 'no-cache, private',
  });
}

function replyDocument(
  c: RequestContext,
  { bytes, hash }: PublishedDocument,
  headers: Record<string, string>,
): Response {
  const etag = `"${hash}"`;
  const { 'content-type': _type, ...kept } = headers;
  if (matchesETag(c, etag))
    return new Response(null, { status: 304, headers: { ...kept, etag, vary: 'Accept' } });
  return reply(bytes, { ...headers, etag, vary: 'Accept' });
}

function reply(bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string>): Response {
  return new Response(bytes, { headers: { 'content-type': JSON_TYPE, ...headers } });
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
