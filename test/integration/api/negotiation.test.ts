import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
  for (const name of ['one', 'two']) {
    const body = {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Ghost',
      metadata: { name },
      spec: { systemPrompt: 'x'.repeat(100_000) },
    };
    expect((await api.send(GHOSTS, { method: 'POST', body })).status).toBe(201);
  }
});

afterAll(() => api[Symbol.asyncDispose]());

describe('HTTP/2', () => {
  it('carries requests, and watches whose headers come first', async () => {
    const session = connect(api.url, { ca: api.caCertificate });
    const get = await exchange(session, `${GHOSTS}/one`);
    expect([get.status, get.connection]).toEqual([200, undefined]);
    const stream = session.request(headers(`${GHOSTS}?watch=1&resourceVersion=${get.revision}`));
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
    expect(answer[':status'], 'before any event').toBe(200);
    stream.close();
    session.destroy();
  });

  function headers(path: string): Record<string, string> {
    return { ':path': path, authorization: `Bearer ${api.token}` };
  }

  async function exchange(session: ClientHttp2Session, path: string) {
    const stream = session.request(headers(path));
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    const { metadata } = JSON.parse(text) as { metadata: { resourceVersion: string } };
    return {
      status: answer[':status'],
      connection: answer['connection'],
      revision: metadata.resourceVersion,
    };
  }
});

describe('compression', () => {
  it.each([
    [GHOSTS, 'gzip', 'gzip', 'a long list'],
    [GHOSTS, 'gzip;q=0', undefined, 'switched off'],
    [GHOSTS, undefined, undefined, 'not asked for'],
    [`${GHOSTS}/one`, 'gzip', undefined, 'below 128 KiB'],
  ])('%s with Accept-Encoding %s is %s', async (path, encoding, want, reason) => {
    const answer = await raw(path, encoding);
    expect(answer.headers['content-encoding'], reason).toBe(want);
    const chunks: Buffer[] = [];
    for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const text = want === 'gzip' ? gunzipSync(bytes).toString() : bytes.toString();
    expect(JSON.parse(text)).toHaveProperty('metadata');
  });

  async function raw(path: string, encoding: string | undefined): Promise<IncomingMessage> {
    const sent = request(api.url + path, {
      ca: api.caCertificate,
      headers: {
        authorization: `Bearer ${api.token}`,
        ...(encoding === undefined ? {} : { 'accept-encoding': encoding }),
      },
    });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return answer;
  }
});

describe('forms', () => {
  it.each([
    ['?pretty=true', {}, true],
    ['', { 'user-agent': 'curl/8.5.0' }, true],
    ['?pretty=false', { 'user-agent': 'curl/8.5.0' }, false],
    ['', {}, false],
  ])('%s with %j is indented: %s', async (query, headers, indented) => {
    const { text } = await api.send(`${GHOSTS}/one${query}`, { headers });
    expect(text.startsWith('{\n  "')).toBe(indented);
  });

  it('takes the order of the list by quality', async () => {
    const accept = 'application/json;q=0.5, application/yaml';
    const answer = await api.send(`${GHOSTS}/one`, { headers: { accept } });
    expect(answer.headers['content-type']).toBe('application/yaml');
  });

  it('answers under the audit id of the client', async () => {
    const answer = await api.send('/version', { headers: { 'audit-id': 'mine' } });
    expect(answer.headers['audit-id']).toBe('mine');
  });

  it('sends a warning per header line', async () => {
    const body = {
      metadata: { name: 'warned' },
      spec: { systemPrompt: 'x' },
      kind: 'Ghost',
      apiVersion: 'agent.wecode.io/v1',
      a: 1,
      b: 2,
    };
    const sent = request(`${api.url}${GHOSTS}?dryRun=All`, {
      method: 'POST',
      ca: api.caCertificate,
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
    });
    sent.end(JSON.stringify(body));
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    expect(answer.rawHeaders.filter((text) => text.startsWith('299 '))).toEqual([
      String.raw`299 - "unknown field \"a\""`,
      String.raw`299 - "unknown field \"b\""`,
    ]);
  });
});
