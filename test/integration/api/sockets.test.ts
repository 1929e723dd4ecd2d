import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';
const LIMITS = {
  connections: 40,
  headersMs: 1500,
  handshakeMs: 1500,
  requestMs: 2000,
  perUser: 4,
  longRunningPerUser: 2,
};
/** More than the buffers of a connection hold. */
const LIST_SIZE = 16;
const OBJECT_LENGTH = 900_000;

let api: TestApi;

beforeAll(async () => {
  api = await testApi({ limits: LIMITS });
  const data = { text: 'x'.repeat(OBJECT_LENGTH) };
  for (let n = 0; n < LIST_SIZE; n++) {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `large-${n}` }, data };
    expect((await api.send(CONFIG_MAPS, { method: 'POST', body })).status).toBe(201);
  }
});

afterAll(() => api[Symbol.asyncDispose]());

const address = (): { host: string; port: number } => ({
  host: '127.0.0.1',
  port: Number(new URL(api.url).port),
});

async function tls(): Promise<TLSSocket> {
  const socket = connectTls({ ...address(), ca: api.caCertificate, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

function head(method: string, path: string, headers: readonly string[] = []): string {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: x', `authorization: Bearer ${api.token}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** What the server says until it closes the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (data) => {
    text += String(data);
  });
  if (!socket.destroyed) await once(socket, 'close');
  return text;
}

/** The first lines of an answer. */
async function firstData(socket: Socket): Promise<string> {
  const [data] = (await once(socket, 'data')) as [Buffer];
  return String(data);
}

/** Waits until the server has let go of everything. */
function nothingUnderWay(): Promise<void> {
  return vi.waitFor(
    async () => {
      const { text } = await api.send('/metrics');
      expect(text).toContain('apiserver_current_inflight_requests{request_kind="readOnly"} 0');
      expect(text).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 0');
      expect(text).toContain('apiserver_longrunning_requests 0');
    },
    { timeout: 20_000, interval: 20 },
  );
}

describe('too many at once', () => {
  it('refuses the requests of a user beyond the limit with 429, and serves when others are done', async () => {
    const stalled = await Promise.all(Array.from({ length: LIMITS.perUser }, tls));
    for (const socket of stalled) {
      const headers = ['content-type: application/json', 'content-length: 10', 'expect: 100-continue'];
      socket.write(head('POST', CONFIG_MAPS, headers));
    }
    // The server asks for the body: the request has its place.
    await Promise.all(stalled.map(firstData));
    const refused = await api.send(CONFIG_MAPS);
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.json()).toMatchObject({
      kind: 'Status',
      reason: 'TooManyRequests',
      details: { retryAfterSeconds: 1 },
    });
    expect((await api.send('/livez')).status, 'health needs no place').toBe(200);
    for (const socket of stalled) socket.destroy();
    await nothingUnderWay();
    expect((await api.send(`${CONFIG_MAPS}?limit=1`)).status).toBe(200);
  });

  it('refuses watches beyond the limit', async () => {
    await using one = await api.lines(`${CONFIG_MAPS}?watch=1&resourceVersion=1`);
    await using two = await api.lines(`${CONFIG_MAPS}?watch=1&resourceVersion=1`);
    await using three = await api.lines(`${CONFIG_MAPS}?watch=1&resourceVersion=1`);
    expect([one.status, two.status, three.status]).toEqual([200, 200, 429]);
  });

  it('refuses connections beyond the limit, and takes new ones when others are closed', async () => {
    await nothingUnderWay();
    const sockets = Array.from({ length: LIMITS.connections + 10 }, () => connectTcp(address()));
    await Promise.all(
      sockets.map(async (socket) => {
        socket.on('error', () => undefined);
        await once(socket.resume(), 'close');
      }),
    );
    // All were closed: the last ones at once, the others because they never began to speak.
    expect((await api.send('/version')).status).toBe(200);
  });
});

describe('clients that stall', () => {
  it('in the handshake are cut off', async () => {
    const socket = connectTcp(address());
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    expect(await untilClosed(socket)).toBe('');
  });

  it.each([
    ['', 'before the first header'],
    ['GET /version HTTP/1.1\r\nhost: x\r\nx-slow: ', 'within the headers'],
  ])('after %j are cut off', async (text, reason) => {
    const socket = await tls();
    socket.write(text === '' ? 'G' : text);
    expect(await untilClosed(socket), reason).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('in the body are answered', async () => {
    const socket = await tls();
    socket.write(`${head('POST', CONFIG_MAPS, ['content-type: application/json', 'content-length: 10'])}{`);
    expect(await untilClosed(socket)).toMatch(/^HTTP\/1\.1 (?:408|504) /);
    await nothingUnderWay();
  });

  it.each([['application/json'], ['application/yaml'], ['application/json;as=Table;v=v1;g=meta.k8s.io']])(
    'while they read a list as %s lose it, over HTTP/1.1',
    async (accept) => {
      const socket = await tls();
      socket.write(head('GET', `${CONFIG_MAPS}?includeObject=Object`, [`accept: ${accept}`]));
      await once(socket, 'readable');
      await nothingUnderWay();
      socket.destroy();
    },
  );

  it('while they read lose only what they do not read, over HTTP/2', async () => {
    const session = connectHttp2(api.url, { ca: api.caCertificate });
    const authorization = `Bearer ${api.token}`;
    const stream = session.request({ ':path': CONFIG_MAPS, authorization });
    stream.on('error', () => undefined);
    await once(stream, 'response');
    await nothingUnderWay();
    const next = session.request({ ':path': '/version', authorization }).resume();
    const [answer] = (await once(next, 'response')) as [Record<string, unknown>];
    expect(answer[':status']).toBe(200);
    session.destroy();
  });
});

describe('what is too long', () => {
  const long = (length: number): string => 'x'.repeat(length);
  it.each<[string, string[], number, string]>([
    ['/version', [`x-long: ${long(2 ** 20)}`], 431, 'headers'],
    [`/version?x=${long(300_000)}`, [], 414, 'a URL'],
    [`${CONFIG_MAPS}?x=1${'&a=1'.repeat(1000)}`, [], 400, 'a list of parameters'],
    [`/${'a/'.repeat(140_000)}`, [], 414, 'a path'],
  ])('$3: $2', async (path, headers, status, reason) => {
    const socket = await tls();
    socket.write(head('GET', path, [...headers, 'connection: close']));
    expect(await untilClosed(socket), reason).toMatch(new RegExp(String.raw`^HTTP/1\.1 ${status} `));
  });
});

describe('what is no HTTP', () => {
  it.each([
    ['h2', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'HTTP/1.1 under the name of HTTP/2'],
    [
      'h2',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(1000, 0xff)]),
      'frames',
    ],
    ['http/1.1', Buffer.alloc(1000, 0xff), 'bytes'],
    ['http/1.1', Buffer.from('GET / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n'), 'a length'],
    [
      'http/1.1',
      Buffer.from('POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
      'a chunk',
    ],
  ])('%s: closes the connection', async (protocol, bytes, reason) => {
    const socket = connectTls({ ...address(), ca: api.caCertificate, ALPNProtocols: [protocol] });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.write(bytes);
    const text = await untilClosed(socket);
    if (protocol !== 'h2') expect(text, reason).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await api.send('/version')).status, reason).toBe(200);
  });
});

it('survives requests over HTTP/2 that are reset at once', async () => {
  const session = connectHttp2(api.url, { ca: api.caCertificate });
  session.on('error', () => undefined);
  const closed: Promise<unknown>[] = [];
  for (let n = 0; n < 3000 && !session.destroyed; n++)
    closed.push(reset(session.request(headersOf(CONFIG_MAPS))));
  await Promise.all(closed);
  session.destroy();
  await nothingUnderWay();
  expect((await api.send('/version')).status).toBe(200);
});

const headersOf = (path: string): Record<string, string> => ({
  ':path': path,
  authorization: `Bearer ${api.token}`,
});

function reset(stream: ClientHttp2Stream): Promise<unknown> {
  stream.on('error', () => undefined);
  const closed = once(stream, 'close').catch(() => undefined);
  stream.close(8);
  return closed;
}

it('keeps a connection whose next request comes while the answer before is on its way, its body by itself', async () => {
  const socket = await tls();
  socket.write(head('GET', CONFIG_MAPS));
  await firstData(socket);
  socket.pause();
  const body = JSON.stringify({ metadata: { annotations: { seen: 'yes' } } });
  const headers = ['content-type: application/merge-patch+json', `content-length: ${body.length}`];
  socket.write(head('PATCH', `${CONFIG_MAPS}/large-0`, [...headers, 'connection: close']));
  await new Promise((resolve) => {
    socket.write(body, resolve);
  });
  const rest = untilClosed(socket);
  socket.resume();
  expect(await rest).toContain('HTTP/1.1 200 OK');
});
