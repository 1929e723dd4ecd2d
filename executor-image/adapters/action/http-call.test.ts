import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunHttpCall } from '#executor-manager/protocol/action';
import { openServerFetch } from '../../tools/server-fetch.ts';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { callService } from './http-call.ts';

let server: Server;
let origin: string;
const seen: IncomingMessage[] = [];
const held = new Set<ServerResponse>();

/** What the service does, by the path. */
const ROUTES: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/json': (_, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}'),
  '/text': (_, response) => response.setHeader('set-cookie', 'session=canary').end('hello'),
  '/echo': (request, response) => void request.pipe(response),
  '/missing': (_, response) => response.writeHead(404).end('no such thing'),
  '/empty': (_, response) => response.writeHead(204).end(),
  '/large': (_, response) => response.end('x'.repeat(200_000)),
  '/endless': (_, response) => {
    const more = (): void => {
      while (response.write('x'.repeat(64 * 1024)));
    };
    response.on('drain', more);
    more();
  },
  '/never': (_, response) => void held.add(response),
  '/slow': (_, response) => {
    held.add(response);
    response.write('a little');
  },
  '/metadata': (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request);
    const [path = ''] = (request.url ?? '').split('?');
    ROUTES[path]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const response of held) response.destroy();
  server.closeAllConnections();
  server.close();
});

interface CallOptions extends Partial<Omit<RunHttpCall, 'url'>> {
  path?: string;
  url?: string;
  signal?: AbortSignal;
  /** The addresses that the guard opens; the service's when absent. */
  allow?: string[];
}

function call({ path = '/json', url = origin + path, allow = ['127.0.0.1'], signal, ...rest }: CallOptions) {
  const told: Told[] = [];
  const addresses = { allow, controlPlane: [] };
  const context = madeUpContext(told, {
    openFetch: () => openServerFetch({ addresses, environment: {} }),
    ...(signal === undefined ? {} : { signal }),
  });
  const request = { headers: [], timeoutSeconds: 20, maxBytes: 100_000, idempotencyKey: 'u1-n1', ...rest };
  return { done: callService({ ...request, url }, context), told };
}

describe('a request', () => {
  it.each([
    {
      why: 'a body of JSON is a value',
      sent: { path: '/json' },
      result: {
        value: '{"ok":true}',
        output: { status: 200, headers: { 'content-type': 'application/json' }, body: { ok: true } },
      },
    },
    {
      why: 'any other is a text; cookies stay out',
      sent: { path: '/text' },
      result: { value: 'hello', output: { status: 200, headers: {}, body: 'hello' } },
    },
    {
      why: 'a status that is expected is a success',
      sent: { path: '/missing', expectedStatus: [200, 404] },
      result: { value: 'no such thing', output: { status: 404, headers: {}, body: 'no such thing' } },
    },
    {
      why: 'no body',
      sent: { path: '/empty', method: 'DELETE' },
      result: { value: '', output: { status: 204, headers: {}, body: '' } },
    },
    {
      why: 'a body goes with the request',
      sent: { path: '/echo', method: 'POST', body: '[1]' },
      result: { value: '[1]', output: { status: 200, headers: {}, body: [1] } },
    },
  ])('$why', async ({ sent, result }) => {
    expect(await call(sent).done).toEqual(result);
  });

  it('has the key of its node, the type of its body and the headers that are given', async () => {
    await call({ path: '/echo', method: 'PUT', body: '{}', headers: [{ name: 'X-Mine', value: 'yes' }] })
      .done;
    expect(seen.at(-1)).toMatchObject({
      method: 'PUT',
      headers: { 'idempotency-key': 'u1-n1', 'content-type': 'application/json', 'x-mine': 'yes' },
    });
  });

  it('leaves the key to whoever gives one', async () => {
    await call({ headers: [{ name: 'idempotency-key', value: 'mine' }] }).done;
    expect(seen.at(-1)?.headers['idempotency-key']).toBe('mine');
  });

  it('keeps its query and its headers out of the log', async () => {
    const headers = [{ name: 'Authorization', value: 'Bearer canary-7', secret: 'canary-7' }];
    const { done, told } = call({ path: '/json?key=canary-8', headers });
    await done;
    expect(seen.at(-1)?.headers.authorization).toBe('Bearer canary-7');
    expect(JSON.stringify(told)).not.toContain('canary');
    expect(told[0]?.data).toEqual({ phase: 'Running', message: `GET ${origin}/json` });
  });

  it('takes a body without a bottom for a text', async () => {
    const body = '['.repeat(30_000) + ']'.repeat(30_000);
    const { output } = await call({ path: '/echo', method: 'POST', body }).done;
    expect(output).toMatchObject({ body });
  });

  it('ends with its run', async () => {
    const stop = new AbortController();
    const { done } = call({ path: '/never', signal: stop.signal });
    const had = held.size;
    while (held.size === had) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error('cancelled'));
    await expect(done).rejects.toThrow('cancelled');
  });

  it('says so when a body is too large for an output', async () => {
    const { value, output, warnings } = await call({ path: '/large', maxBytes: 300_000 }).done;
    expect(value).toHaveLength(200_000);
    expect(output).toEqual({ status: 200, headers: {} });
    expect(warnings).toEqual([
      expect.stringMatching(/^The output would have 200\d{3} bytes as JSON, of at most 65536/),
    ]);
  });

  it.each([
    {
      why: 'a status',
      sent: { path: '/missing' },
      message: 'the service answered 404 Not Found: no such thing',
    },
    {
      why: 'too large an answer',
      sent: { path: '/large' },
      message: 'the answer has more than 100000 bytes',
    },
    {
      why: 'an endless answer',
      sent: { path: '/endless' },
      message: 'the answer has more than 100000 bytes',
    },
    {
      why: 'no answer in time',
      sent: { path: '/never', timeoutSeconds: 0.1 },
      message: 'the service did not answer within 0.1 s',
    },
    {
      why: 'an answer that does not end in time',
      sent: { path: '/slow', timeoutSeconds: 0.1 },
      message: 'the service did not answer within 0.1 s',
    },
    { why: 'nobody there', sent: { url: 'http://127.0.0.1:2/' }, message: 'ECONNREFUSED' },
    { why: 'loopback', sent: { allow: [] }, message: '127.0.0.1 is refused' },
    { why: 'localhost', sent: { url: 'http://localhost/', allow: [] }, message: 'localhost is refused' },
    { why: 'loopback in disguise', sent: { url: 'http://2130706433/', allow: [] }, message: 'is refused' },
    { why: 'the metadata service', sent: { url: 'http://169.254.169.254/latest' }, message: 'is refused' },
    { why: 'it in IPv6', sent: { url: 'http://[::ffff:169.254.169.254]/' }, message: 'is refused' },
    { why: 'a private network', sent: { url: 'http://10.0.0.1/' }, message: '10.0.0.1 is refused' },
    {
      why: 'a redirect to the metadata service',
      sent: { path: '/metadata' },
      message: '169.254.169.254 is refused',
    },
    { why: 'another scheme', sent: { url: 'file:///etc/passwd' }, message: 'only http and https' },
  ])('fails for $why', async ({ sent, message }) => {
    const failure = await call(sent).done.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      reason: 'ActionFailed',
      message: expect.stringContaining(message) as string,
    });
  });

  it.each([
    { header: { name: 'X-A', value: 'a\r\nX-B: canary' }, why: 'a line end' },
    { header: { name: 'X-A', value: 'canary\0' }, why: 'a NUL' },
    { header: { name: 'X-A: b\r\nX-B', value: 'canary' }, why: 'a name with another header in it' },
    { header: { name: 'Host', value: 'canary.example' }, why: 'the name of another service' },
    { header: { name: 'Transfer-Encoding', value: 'chunked' }, why: 'a body of another length' },
    { header: { name: 'content-length', value: '3' }, why: 'another length' },
  ])('refuses a header with $why, and does not repeat it', async ({ header }) => {
    const before = seen.length;
    const failure: unknown = await call({ headers: [header] }).done.catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: 'StartFailed' });
    expect((failure as Error).message).not.toContain('canary');
    expect(seen).toHaveLength(before);
  });
});
