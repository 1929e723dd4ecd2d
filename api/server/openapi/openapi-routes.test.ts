import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../registry/catalog.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { mountOpenApi } from './openapi-routes.ts';
import type { ServerTypes } from '../server-environment.ts';

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

const app = new Hono<ServerTypes>();
const catalog = createCatalog(loadDefinitions());
mountOpenApi(app, catalog);
const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  app.request(path, { headers });

async function address(): Promise<string> {
  const { paths } = (await (await get('/openapi/v3')).json()) as {
    paths: Record<string, { serverRelativeURL: string }>;
  };
  return paths['apis/agent.wecode.io/v1']?.serverRelativeURL ?? '';
}

describe('OpenAPI v3', () => {
  it('may be kept for ever when it is asked for by its hash', async () => {
    const url = await address();
    const answer = await get(url);
    expect(answer.headers.get('cache-control')).toBe('public, immutable');
    expect(Date.parse(answer.headers.get('expires') ?? '')).toBeGreaterThan(Date.now());
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(url).toContain(`?hash=${answer.headers.get('etag')?.replaceAll('"', '')}`);
  });

  it('has to be asked for again without a hash', async () => {
    const [path = ''] = (await address()).split('?');
    const answer = await get(path);
    expect(answer.headers.get('cache-control')).toBe('no-cache, private');
    const again = await get(path, { 'if-none-match': answer.headers.get('etag') ?? '' });
    expect([again.status, await again.text()]).toEqual([304, '']);
  });

  it('leads from an old hash to the new one', async () => {
    const url = await address();
    const answer = await get(url.replace(/hash=.*/, 'hash=OLD'));
    expect([answer.status, answer.headers.get('location')]).toEqual([301, url]);
  });

  it('is not found for a group nobody has', async () => {
    expect((await get('/openapi/v3/apis/nobody.example.com/v1')).status).toBe(404);
  });

  it('is compressed for those who say so', async () => {
    const url = await address();
    const answer = await get(url, { 'accept-encoding': 'gzip' });
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    const plain = gunzipSync(await answer.arrayBuffer()).toString();
    expect(plain).toBe(await (await get(url)).text());
    expect((await get(url, { 'accept-encoding': 'gzip;q=0' })).headers.get('content-encoding')).toBeNull();
  });

  it('the index has an ETag too', async () => {
    const index = await get('/openapi/v3');
    const again = await get('/openapi/v3', { 'if-none-match': index.headers.get('etag') ?? '' });
    expect(again.status).toBe(304);
  });
});

describe('the form of OpenAPI', () => {
  it.each([
    ['/openapi/v2', '', 'application/json', 'no preference'],
    ['/openapi/v2', '*/*', 'application/json', 'anything'],
    ['/openapi/v2', 'application/json', 'application/json', 'kube-aggregator'],
    ['/openapi/v2', PROTOBUF, PROTOBUF, 'newer clients'],
    ['/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf', PROTOBUF, 'client-go'],
    ['/openapi/v2', 'text/html, application/json;q=0.5', 'application/json', 'a browser'],
    ['/openapi/v3/api/v1', 'application/json, */*', 'application/json', 'kubectl'],
    [
      '/openapi/v3/api/v1',
      'application/com.github.proto-openapi.spec.v3.v1.0+protobuf,application/json',
      'application/json',
      'whoever would like protobuf more',
    ],
  ])('%s for %s is %s (%s)', async (path, accept, expected) => {
    const answer = await get(path, { accept });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expected]);
  });

  it.each(['/openapi/v2', '/openapi/v3/api/v1'])('%s is not to be had as a picture', async (path) => {
    expect((await get(path, { accept: 'image/png' })).status).toBe(406);
  });

  it('v2 has one ETag for both forms, and 304', async () => {
    const json = await get('/openapi/v2');
    const etag = json.headers.get('etag') ?? '';
    const message = await get('/openapi/v2', { accept: PROTOBUF, 'if-none-match': etag });
    expect([message.status, message.headers.get('vary')]).toEqual([304, 'Accept, Accept-Encoding']);
  });
});
