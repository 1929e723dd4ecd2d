import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { ClientHttp2Session, ServerHttp2Session } from 'node:http2';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { silentMeter } from '#api/machinery/meter';
import type { RealModel } from '#executor-manager/model-forwarder/credential-headers';
import { forwarderFigures } from '#executor-manager/model-forwarder/forwarder-figures';
import { ModelForwarder } from '#executor-manager/model-forwarder/model-forwarder';
import { ModelSource } from '#executor-manager/model-forwarder/model-source';
import { TUNNEL_PROTOCOL } from '#executor-manager/protocol/tunnel';
import { httpService } from '#dev/environment/http-service';
import { recordedModelWay } from '../../kit/model-way.ts';

const modelAt = (baseURL: string): RealModel => ({
  protocol: 'anthropic',
  baseURL,
  credential: { value: 'sk-the-real-key', form: 'key' },
  headers: {},
});

/** What comes back when these bytes are sent to a port, until the connection ends. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  return text(socket);
}

describe('an agent that speaks HTTP as it should not', () => {
  const head = (token: string, ...lines: string[]): string =>
    [`POST /v1/messages HTTP/1.1`, 'Host: h', `x-api-key: ${token}`, ...lines, '', ''].join('\r\n');
  const inner = 'POST /v1/files HTTP/1.1\r\nHost: h\r\n\r\n';

  it.each([
    [
      'two lengths',
      (token: string) => `${head(token, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${inner}`,
    ],
    [
      'a length twice',
      (token: string) => `${head(token, 'Content-Length: 4', 'Content-Length: 44')}${inner}`,
    ],
    [
      'an encoding that is none',
      (token: string) => `${head(token, 'Transfer-Encoding: chunked, identity')}0\r\n\r\n${inner}`,
    ],
    [
      'a header within a header',
      (token: string) => `${head(token, 'X-A: b\nTransfer-Encoding: chunked')}${inner}`,
    ],
    ['a very long header', (token: string) => head(token, `x-stainless-a: ${'a'.repeat(20_000)}`)],
  ])('%s: the service hears nothing', async (_, bytes) => {
    const heard: string[] = [];
    await using service = await httpService((incoming, answer) => {
      heard.push(incoming.url ?? '');
      answer.end();
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const answer = await raw(Number(new URL(baseURL).port), bytes(apiKey));
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|31) /);
    expect(heard).toEqual([]);
  });

  it('a second request behind the first has to show a token of its own', async () => {
    await using service = await httpService((incoming, answer) => {
      incoming.resume().once('end', () => answer.end('ok'));
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const bytes = `${head(apiKey, 'Content-Length: 2')}{}${head('', 'Content-Length: 2', 'Connection: close')}{}`;
    const answer = await raw(Number(new URL(baseURL).port), bytes);
    expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 401']);
  });

  it('one that does not read holds up nobody, and fills no memory', async () => {
    const chunk = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    const full = Promise.withResolvers<void>();
    await using service = await httpService((incoming, answer) => {
      incoming.resume();
      if (incoming.headers['x-app'] !== 'slow') return void answer.end('quick');
      const more = (): void => {
        while (!answer.destroyed && answer.write(chunk)) sent += chunk.length;
        full.resolve();
        answer.once('drain', more);
      };
      more();
    });
    await using way = await recordedModelWay();
    const slow = await way.run('slow', () => modelAt(service.url));
    const quick = await way.run('quick', () => modelAt(service.url));
    const asking = request(`${slow.baseURL}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': slow.apiKey, 'x-app': 'slow' },
    });
    asking.end();
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    answer.pause();
    await full.promise;
    for (let call = 0; call < 20; call += 1) {
      const init = { method: 'POST', headers: { 'x-api-key': quick.apiKey }, body: '{}' };
      expect(await (await fetch(`${quick.baseURL}/v1/messages`, init)).text()).toBe('quick');
    }
    // The windows of the tunnel and the buffers of the machine's own connections.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
    asking.destroy();
  });

  it('too many calls at once', async () => {
    await using service = await httpService((incoming) => void incoming.resume());
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const leave = new AbortController();
    const init = { method: 'POST', headers: { 'x-api-key': apiKey }, body: '{}', signal: leave.signal };
    const calls = Array.from({ length: 65 }, () => fetch(`${baseURL}/v1/messages`, init));
    const first = await Promise.race(calls);
    expect(first.status).toBe(429);
    expect(await first.text()).toContain('a run may have 64 calls of its Model at once');
    leave.abort();
    await Promise.allSettled(calls);
  });
});

describe('a runner that an agent took over', () => {
  /** A runner that says what the test wants it to say, and the manager's side with the run `own` of it. */
  async function takenOver() {
    const sessions = Promise.withResolvers<ClientHttp2Session>();
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${TUNNEL_PROTOCOL}\r\n\r\n`,
        );
        const session = connectHttp2('http://manager', { createConnection: () => socket });
        session.on('error', () => undefined);
        sessions.resolve(session);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const forwarder = new ModelForwarder({
      figures: forwarderFigures(silentMeter),
      addresses: { allow: ['localhost'] },
      logger: silentLogger,
      clock: systemClock,
    });
    const serve = (runner: string, runID: string, model: RealModel): void => {
      const source = new ModelSource({ read: async () => model, known: model, clock: systemClock });
      const way = { id: runner, address: { host: '127.0.0.1', port }, token: 't' };
      forwarder.serve({ runner: way, runID, protocol: 'anthropic', source });
    };
    return {
      serve,
      session: sessions.promise,
      async [Symbol.asyncDispose]() {
        await forwarder.close();
        server.close();
      },
    };
  }

  /** The status that a path in the tunnel is answered with, and the body. */
  async function ask(session: ClientHttp2Session | ServerHttp2Session, path: string): Promise<string> {
    const stream = (session as ClientHttp2Session).request({ ':method': 'POST', ':path': path });
    stream.end('{}');
    const [headers] = (await once(stream, 'response')) as [{ ':status': number }];
    return `${headers[':status']} ${await text(stream)}`;
  }

  it.each([
    ['/runs/other/model/v1/messages', 'a run of another runner'],
    ['/runs/own/model/v1/files', 'a path that is not open'],
    ['/runs/own/model', 'no path'],
    ['/runs/../model/v1/messages', 'no run'],
    ['/v1/messages', 'no run'],
  ])('%s: %s', async (path) => {
    await using service = await httpService((_, answer) => void answer.end('the service'));
    await using runner = await takenOver();
    runner.serve('this one', 'own', modelAt(service.url));
    const session = await runner.session;
    runner.serve('another one', 'other', modelAt(service.url));
    expect(await ask(session, '/runs/own/model/v1/messages')).toBe('200 the service');
    expect(await ask(session, path)).toMatch(/^404 /);
  });
});
