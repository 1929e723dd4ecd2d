import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '#api/machinery/manual-clock';
import type { Meter } from '#api/machinery/meter';
import { StatusError } from '#api/machinery/status-error';
import type { RealModel } from '#executor-manager/model-forwarder/credential-headers';
import { httpService } from '#dev/environment/http-service';
import { recordedModelWay } from '../../kit/model-way.ts';

const KEY = 'sk-the-real-key-of-the-model';
const modelAt = (baseURL: string, more: Partial<RealModel> = {}): RealModel => ({
  protocol: 'anthropic',
  baseURL,
  credential: { value: KEY, form: 'key' },
  headers: {},
  ...more,
});

/** Answers everything with what it was asked, the key included. */
function echo(incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, url, headers } = incoming;
  void text(incoming).then((body) => {
    answer.writeHead(200, { 'content-type': 'application/json', 'x-service': 'echo' });
    answer.end(JSON.stringify({ method, url, headers, body }));
  });
}

/** What a service got, of an echo. */
interface Echo {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
}

const post = (url: string, token: string, init: RequestInit = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body: '{"model":"m"}',
    ...init,
    headers: { 'content-type': 'application/json', 'x-api-key': token, ...(init.headers as object) },
  });

describe('a call', () => {
  it('reaches the service with the key, and without what is not its business', async () => {
    const got: IncomingMessage['headers'][] = [];
    await using service = await httpService((incoming, answer) => {
      got.push(incoming.headers);
      echo(incoming, answer);
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(`${service.url}/gateway?tenant=a`));
    const answer = await post(`${baseURL}/v1/messages?beta=true`, apiKey, {
      headers: { 'anthropic-beta': 'b1', 'helicone-target-url': 'http://elsewhere', cookie: 'c=1' },
    });
    const { method, url, body } = (await answer.json()) as Echo;
    expect({ method, url, body }).toEqual({
      method: 'POST',
      url: '/gateway/v1/messages?beta=true&tenant=a',
      body: '{"model":"m"}',
    });
    expect(answer.headers.get('x-service')).toBe('echo');
    expect(got[0]).toMatchObject({ 'x-api-key': KEY, 'anthropic-beta': 'b1', 'content-length': '13' });
    expect(JSON.stringify(got)).not.toContain(apiKey);
    expect(JSON.stringify(got)).not.toMatch(/helicone|cookie|authorization/);
  });

  it('brings no key back, whatever the service says', async () => {
    await using service = await httpService((incoming, answer) => {
      const key = String(incoming.headers['x-api-key']);
      answer.writeHead(400, { 'content-type': 'text/plain', 'x-echo': key });
      answer.end(`the key ${key} may not do this`);
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const answer = await post(`${baseURL}/v1/messages`, apiKey);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe('the key [redacted] may not do this');
    expect(JSON.stringify([...answer.headers])).not.toContain(KEY);
    expect(way.log()).not.toContain(KEY);
  });

  it.each([
    ['openai', '/chat/completions', '/v1/chat/completions'],
    ['openai-responses', '/responses', '/v1/responses'],
  ] as const)('of %s has the version in its base URL', async (protocol, path, want) => {
    await using service = await httpService(echo);
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url, { protocol }));
    const answer = await post(`${baseURL}${path}`, '', { headers: { authorization: `Bearer ${apiKey}` } });
    expect(((await answer.json()) as Echo).url).toBe(want);
  });

  it('is passed on as it comes, both ways at the same time', async () => {
    await using service = await httpService((incoming, answer) => {
      answer.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      incoming.on('data', (piece: Buffer) => answer.write(`heard ${piece.toString()}`));
      incoming.on('end', () => answer.end());
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const asking = request(`${baseURL}/v1/messages`, { method: 'POST', headers: { 'x-api-key': apiKey } });
    asking.write('one');
    const [answer] = (await once(asking, 'response')) as [IncomingMessage];
    expect(String((await once(answer, 'data'))[0])).toBe('heard one');
    asking.write('two');
    expect(String((await once(answer, 'data'))[0])).toBe('heard two');
    asking.end();
    await once(answer, 'end');
  });

  it.each(['the agent', 'the run'])('is ended at the service when %s ends', async (who) => {
    const left = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    await using service = await httpService((incoming) => {
      incoming.resume().socket.once('close', () => left.resolve());
      asked.resolve();
    });
    await using way = await recordedModelWay();
    const run = await way.run('one', () => modelAt(service.url));
    const leave = new AbortController();
    const call = post(`${run.baseURL}/v1/messages`, run.apiKey, { signal: leave.signal }).catch(
      () => undefined,
    );
    await asked.promise;
    if (who === 'the run') run.end();
    else leave.abort();
    await left.promise;
    await call;
  });

  it('is counted by how it ended', async () => {
    const counts = new Map<string, number>();
    const meter: Meter = {
      counter: ({ name }, labels = {}) => ({
        add: (by = 1) => {
          const series = `${name} ${Object.values(labels).join(' ')}`;
          counts.set(series, (counts.get(series) ?? 0) + by);
        },
      }),
      gauge: () => undefined,
      histogram: () => ({ observe: () => undefined }),
    };
    await using service = await httpService((incoming, answer) => {
      incoming.resume();
      answer.writeHead(incoming.url?.startsWith('/v1/models') ? 200 : 529).end('abc');
    });
    await using way = await recordedModelWay({ meter });
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    await (await post(`${baseURL}/v1/messages`, apiKey, { body: '12345' })).text();
    await (await fetch(`${baseURL}/v1/models`, { headers: { 'x-api-key': apiKey } })).text();
    await (await post(`${baseURL}/v1/files`, apiKey)).text();
    const of = (series: string) => () => counts.get(series);
    await expect.poll(of('troupe_model_calls_total anthropic failed')).toBe(1);
    await expect.poll(of('troupe_model_calls_total anthropic answered')).toBe(1);
    await expect.poll(of('troupe_model_calls_total anthropic refused')).toBe(1);
    expect(counts.get('troupe_model_bytes_total anthropic request')).toBe(5);
    expect(counts.get('troupe_model_bytes_total anthropic answer')).toBe(6);
  });
});

describe('a call that is not made', () => {
  it.each([
    ['no token', '/v1/messages', '', 401, 'the token is not one of a run that goes on'],
    ['a wrong token', '/v1/messages', 'x'.repeat(43), 401, 'the token is not one of a run that goes on'],
    ['another path', '/v1/files', undefined, 404, 'POST /v1/files is not open to agents'],
    ['a way up', '/v1/messages/%2e%2e/files', undefined, 404, 'is not open to agents'],
  ])('%s', async (_, path, given, status, message) => {
    let calls = 0;
    await using service = await httpService((_, answer) => void answer.end(String((calls += 1))));
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const answer = await post(`${baseURL}${path}`, given ?? apiKey);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { message: expect.stringContaining(message) },
    });
    expect(calls).toBe(0);
  });

  it('with the token of a run that has ended', async () => {
    await using service = await httpService(echo);
    await using way = await recordedModelWay();
    const first = await way.run('one', () => modelAt(service.url));
    const second = await way.run('two', () => modelAt(service.url));
    first.end();
    expect((await post(`${first.baseURL}/v1/messages`, first.apiKey)).status).toBe(401);
    expect((await post(`${second.baseURL}/v1/messages`, second.apiKey)).status).toBe(200);
  });

  it.each([
    [
      'a service that is away',
      'http://127.0.0.1:9',
      502,
      'the model at http://127.0.0.1:9 cannot be reached: ',
    ],
    [
      'a name that is none',
      'http://nowhere.invalid',
      502,
      'the model at http://nowhere.invalid cannot be reached: ',
    ],
    ['a metadata address', 'http://169.254.169.254', 403, 'it is a metadata address'],
  ])('%s', async (_, baseURL, status, message) => {
    await using way = await recordedModelWay();
    const run = await way.run('one', () => modelAt(baseURL, { protocol: 'openai' }));
    const answer = await post(`${run.baseURL}/chat/completions`, run.apiKey);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { message: expect.stringContaining(message) } });
    expect(way.log()).not.toContain(KEY);
  });

  it('of a Model on this machine, which nobody has allowed', async () => {
    let asked = 0;
    await using service = await httpService((_, answer) => {
      asked += 1;
      answer.end();
    });
    await using way = await recordedModelWay({ allow: [] });
    const { port } = new URL(service.url);
    const hosts = ['127.0.0.1', 'localhost', 'host.docker.internal', '[::ffff:127.0.0.1]'];
    for (const [index, host] of hosts.entries()) {
      const run = await way.run(`run-${index}`, () => modelAt(`http://${host}:${port}`));
      const answer = await post(`${run.baseURL}/v1/messages`, run.apiKey);
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('only an administrator can allow (TROUPE_ALLOWED_ADDRESSES)');
    }
    expect(asked).toBe(0);
  });

  it('to where the service would send it', async () => {
    await using other = await httpService(echo);
    await using service = await httpService((_, answer) => {
      answer.writeHead(307, { location: `${other.url}/v1/messages` }).end();
    });
    await using way = await recordedModelWay();
    const { baseURL, apiKey } = await way.run('one', () => modelAt(service.url));
    const answer = await post(`${baseURL}/v1/messages`, apiKey);
    expect(answer.status).toBe(502);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).toContain(
      'the service sends the call elsewhere (307), which is not followed',
    );
  });

  it.each([
    [new StatusError('ServiceUnavailable', 'the API is away'), 503],
    [new StatusError('NotFound', 'Secret "a/b" not found'), 502],
  ])('of a Model that cannot be read: %s', async (error, status) => {
    await using way = await recordedModelWay();
    let known: RealModel | undefined = modelAt('http://127.0.0.1:9');
    const run = await way.run('one', () => {
      if (known === undefined) throw error;
      return known;
    });
    known = undefined;
    const answer = await post(`${run.baseURL}/v1/messages`, run.apiKey);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      error: { message: `the Model cannot be read: ${error.message}` },
    });
  });
});

describe('a key that is changed while the run goes on', () => {
  it('is read again when the service refuses the old one, once', async () => {
    const clock = createManualClock(1e6);
    await using service = await httpService((incoming, answer) => {
      const isRight = incoming.headers['x-api-key'] === 'the-second-key';
      answer.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' }).end('{}');
    });
    await using way = await recordedModelWay({ clock });
    let value = 'the-first-key';
    let reads = 0;
    const run = await way.run('one', () => {
      reads += 1;
      return modelAt(service.url, { credential: { value, form: 'key' } });
    });
    const call = () => post(`${run.baseURL}/v1/messages`, run.apiKey);
    expect((await call()).status, 'a wrong key is told by the service itself').toBe(401);
    const before = reads;
    value = 'the-second-key';
    clock.advance(10_000);
    const told = await call();
    expect([told.status, told.headers.get('x-should-retry'), told.headers.get('retry-after')]).toEqual([
      503,
      'true',
      '0',
    ]);
    expect((await call()).status).toBe(200);
    expect(reads - before).toBe(1);
  });
});
