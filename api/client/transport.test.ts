import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { StatusError } from '../machinery/status-error.ts';
import type { Credentials } from './credentials.ts';
import { createTransport } from './transport.ts';
import type { Transport } from './transport.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const cleanup: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).reverse()) await end();
});

const bearer: Credentials['current'] = () =>
  Promise.resolve({ headers: { authorization: 'Bearer secret-token' } });

/** A real socket with a scripted answer. */
async function serve(handler: Handler, current: Credentials['current'] = bearer): Promise<Transport> {
  // Long, so that no test ends because an idle connection was given up.
  const server = createServer({ keepAliveTimeout: 600_000 }, handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const transport = createTransport({
    server: `http://127.0.0.1:${port}`,
    credentials: { current },
  });
  cleanup.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  cleanup.push(() => transport.close());
  return transport;
}

async function failure(act: () => Promise<unknown>): Promise<StatusError> {
  const error: unknown = await act().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StatusError);
  return error as StatusError;
}

describe('send', () => {
  it.each([
    {
      reason: 'a Status keeps reason, message and code',
      code: 409,
      body: JSON.stringify({ kind: 'Status', reason: 'Conflict', message: 'stale', code: 409 }),
      want: { reason: 'Conflict', message: 'stale', code: 409 },
    },
    {
      reason: 'text is quoted in one line',
      code: 500,
      body: 'broken\n  pipe',
      want: { reason: 'InternalError', message: 'the server answered with code 500: broken pipe', code: 500 },
    },
    {
      reason: 'a 404 that is no Status is an unknown resource',
      code: 404,
      body: '404 page not found',
      want: { reason: 'NotFound', message: 'the server could not find the requested resource' },
    },
    {
      reason: 'a proxy error is ServiceUnavailable',
      code: 502,
      body: '',
      want: { reason: 'ServiceUnavailable' },
    },
    {
      reason: 'an unknown 4xx is an internal error',
      code: 418,
      body: 'tea',
      want: { reason: 'InternalError' },
    },
  ])('$code: $reason', async ({ code, body, want, reason }) => {
    const transport = await serve((_request, response) => response.writeHead(code).end(body));
    expect(await failure(() => transport.send({ method: 'GET', path: '/x' })), reason).toMatchObject(want);
  });

  it('says in plain words that nobody listens, and keeps the token to itself', async () => {
    const transport = await serve(() => undefined);
    const gone = createTransport({
      server: 'http://127.0.0.1:1',
      credentials: { current: () => Promise.resolve({ headers: { authorization: 'Bearer secret-token' } }) },
    });
    const error = await failure(() => gone.send({ method: 'GET', path: '/x' }));
    expect(error.reason).toBe('ServiceUnavailable');
    expect(error.message).toBe('unable to reach the server at http://127.0.0.1:1: connection refused');
    await gone.close();
    await transport.close();
  });

  it('sends a read again when its connection broke, a write never', async () => {
    const seen: string[] = [];
    const transport = await serve((request, response) => {
      seen.push(request.method ?? '');
      if (seen.length === 1 || request.method === 'POST') request.socket.destroy();
      else response.end('{}');
    });
    await transport.send({ method: 'GET', path: '/x' });
    const error = await failure(() => transport.send({ method: 'POST', path: '/x', body: {} }));
    expect(error.reason).toBe('ServiceUnavailable');
    expect(seen).toEqual(['GET', 'GET', 'POST']);
  });

  it('waits as long as a 429 asks and sends again', async () => {
    let calls = 0;
    const transport = await serve((_request, response) => {
      calls += 1;
      if (calls === 1) response.writeHead(429, { 'retry-after': '0' }).end();
      else response.end('{"ok":true}');
    });
    expect((await transport.send({ method: 'POST', path: '/x', body: {} })).text).toBe('{"ok":true}');
    expect(calls).toBe(2);
  });

  it('rejects with the reason of the abort', async () => {
    const controller = new AbortController();
    const transport = await serve(() => controller.abort(new Error('enough')));
    await expect(transport.send({ method: 'GET', path: '/x', signal: controller.signal })).rejects.toThrow(
      'enough',
    );
  });

  it('puts the server path in front and the credentials beside', async () => {
    let got: { url?: string | undefined; auth?: string | undefined } = {};
    const base = await serve((request, response) => {
      got = { url: request.url, auth: request.headers.authorization };
      response.end('{}');
    });
    const behind = createTransport({
      server: `${base.server}/clusters/a/`,
      credentials: { current: () => Promise.resolve({ headers: { authorization: 'Bearer t' } }) },
    });
    await behind.send({ method: 'GET', path: '/apis?x=1' });
    expect(got).toEqual({ url: '/clusters/a/apis?x=1', auth: 'Bearer t' });
    await behind.close();
  });
});

describe('a client certificate that is renewed', () => {
  it('ends the connections made with the old one, but not what runs on them', async () => {
    let certificate = 'old';
    const closed = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const transport = await serve(
      (request, response) => {
        if (request.url !== '/watch') return void response.end('{}');
        request.socket.once('close', () => closed.resolve());
        response.write('one\n');
        void goOn.promise.then(() => response.end('two\n'));
      },
      () => Promise.resolve({ headers: {}, certificate }),
    );
    const lines: string[] = [];
    for await (const line of transport.lines({ method: 'GET', path: '/watch' })) {
      lines.push(line);
      certificate = 'new';
      await transport.send({ method: 'GET', path: '/x' });
      goOn.resolve();
    }
    expect(lines).toEqual(['one', 'two']);
    await closed.promise;
  });
});

describe('lines', () => {
  it('gives each line as it comes, over the borders of chunks and characters', async () => {
    const bytes = Buffer.from('{"a":"é"}\n\n{"b":2}\nlast');
    const transport = await serve((_request, response) => {
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    });
    const lines: string[] = [];
    for await (const line of transport.lines({ method: 'GET', path: '/x' })) lines.push(line);
    expect(lines).toEqual(['{"a":"é"}', '{"b":2}', 'last']);
  });

  it('throws when the connection is cut, and gives what came before', async () => {
    const transport = await serve((request, response) => {
      response.write('one\n', () => setImmediate(() => request.socket.destroy()));
    });
    const lines: string[] = [];
    const error = await failure(async () => {
      for await (const line of transport.lines({ method: 'GET', path: '/x' })) lines.push(line);
    });
    expect(lines).toEqual(['one']);
    expect(error.reason).toBe('ServiceUnavailable');
  });

  it('closes the connection when the reader leaves', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    const transport = await serve((request, response) => {
      closed = new Promise((resolve) => request.socket.once('close', resolve));
      response.write('one\ntwo\n');
    });
    for await (const line of transport.lines({ method: 'GET', path: '/x' })) {
      expect(line).toBe('one');
      break;
    }
    await closed;
  });
});
