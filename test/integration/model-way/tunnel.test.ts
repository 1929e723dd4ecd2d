import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { RealModel } from '#executor-manager/model-forwarder/credential-headers';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import { TUNNEL_PATH, TUNNEL_PROTOCOL } from '#executor-manager/protocol/tunnel';
import { httpService } from '#dev/environment/http-service';
import { recordedModelWay } from '../../kit/model-way.ts';

const modelAt = (baseURL: string, protocol: ModelProtocol = 'anthropic'): RealModel => ({
  protocol,
  baseURL,
  headers: {},
});
const post = (run: { baseURL: string; apiKey: string }, path = '/v1/messages'): Promise<Response> =>
  fetch(`${run.baseURL}${path}`, { method: 'POST', headers: { 'x-api-key': run.apiKey }, body: '{}' });

describe('a manager that goes away', () => {
  it('before the service answers: the call can be made again, and goes to the next manager', async () => {
    const asked = Promise.withResolvers<void>();
    let hang = true;
    await using service = await httpService((incoming, answer) => {
      incoming.resume();
      if (hang) asked.resolve();
      else answer.end('again');
    });
    await using way = await recordedModelWay();
    const first = await way.run('one', () => modelAt(service.url));
    const call = post(first);
    await asked.promise;
    await way.stopManager();
    const answer = await call;
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { message: 'the connection to the executor manager broke' },
    });
    hang = false;
    // Asked before there is a tunnel: it waits for one.
    const next = post(first);
    way.startManager();
    await way.run('one', () => modelAt(service.url));
    expect(await (await next).text()).toBe('again');
  });

  it.each([
    ['anthropic', '/v1/messages', 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"'],
    ['openai', '/chat/completions', 'data: {"error":{'],
    ['openai-responses', '/responses', 'data: {'],
  ] as const)('in a stream of %s: its last event says so', async (protocol, path, want) => {
    await using service = await httpService((incoming, answer) => {
      incoming.resume();
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"a":');
    });
    await using way = await recordedModelWay();
    const run = await way.run('one', () => modelAt(service.url, protocol));
    const answer = await post(run, path);
    await way.stopManager();
    const [begun, , told = ''] = (await answer.text()).split(/(\n\n)/);
    expect(begun).toBe('data: {"a":');
    expect(told).toContain(want);
    expect(told).toContain('the connection to the executor manager broke');
  });

  it('in any other answer: it breaks off', async () => {
    await using service = await httpService((incoming, answer) => {
      incoming.resume();
      answer.writeHead(200, { 'content-type': 'application/json' }).write('{"a":');
    });
    await using way = await recordedModelWay();
    const answer = await post(await way.run('one', () => modelAt(service.url)));
    await way.stopManager();
    await expect(answer.text()).rejects.toThrow('terminated');
  });
});

it('an answer that the service breaks off is broken off', async () => {
  await using service = await httpService((incoming, answer) => {
    incoming.resume();
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n');
    setImmediate(() => answer.destroy());
  });
  await using way = await recordedModelWay();
  const answer = await post(await way.run('one', () => modelAt(service.url)));
  await expect(answer.text()).rejects.toThrow('terminated');
});

describe('the request for a tunnel', () => {
  const upgrade = (port: number, headers: Record<string, string>, path = TUNNEL_PATH): Promise<string> =>
    new Promise((resolve, reject) => {
      const asking = request({ port, host: '127.0.0.1', path, headers });
      asking.on('response', (answer: IncomingMessage) => {
        answer.resume();
        resolve(String(answer.statusCode));
      });
      asking.on('upgrade', (_, socket) => {
        socket.destroy();
        resolve('101');
      });
      asking.on('error', reject).end();
    });

  it.each([
    ['the right one', '101', {}],
    ['without the token', '401', { authorization: 'Bearer wrong' }],
    ['to another protocol', '426', { upgrade: 'websocket' }],
  ])('%s: %s', async (_, want, more) => {
    await using way = await recordedModelWay();
    const headers = { authorization: `Bearer ${way.token}`, connection: 'Upgrade', upgrade: TUNNEL_PROTOCOL };
    expect(await upgrade(way.port, { ...headers, ...more })).toBe(want);
  });

  it('at another path: 404', async () => {
    await using way = await recordedModelWay();
    const headers = { authorization: `Bearer ${way.token}`, connection: 'Upgrade', upgrade: TUNNEL_PROTOCOL };
    expect(await upgrade(way.port, headers, '/v1/ready')).toBe('404');
  });
});

it('a hundred calls of ten runs go through one tunnel at once', async () => {
  let connections = 0;
  await using service = await httpService((incoming, answer) => {
    void text(incoming).then((body) => answer.end(body));
  });
  await using way = await recordedModelWay();
  const runs = await Promise.all(
    Array.from({ length: 10 }, (_, index) => way.run(`run-${index}`, () => modelAt(service.url))),
  );
  const calls = runs.flatMap((run, index) =>
    Array.from({ length: 10 }, async (_, call) => {
      const body = `${index}/${call} ${'x'.repeat(100_000)}`;
      const init = { method: 'POST', headers: { 'x-api-key': run.apiKey }, body };
      const answer = await fetch(`${run.baseURL}/v1/messages`, init);
      connections += 1;
      expect(await answer.text()).toBe(body);
    }),
  );
  await Promise.all(calls);
  expect(connections).toBe(100);
});
