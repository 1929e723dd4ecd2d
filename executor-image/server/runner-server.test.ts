import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { RunEvent, RunRequest, RunState } from '#executor-manager/protocol/run';
import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import type { ModelServer } from '#model-server/model-server';
import { systemClock } from '../clock.ts';
import { inheritedEnvironment } from '../config.ts';
import { madeUpAccess } from '../model-access/made-up-access.ts';
import { startRun } from '../run/run.ts';
import { startRunnerServer } from './runner-server.ts';
import type { RunnerServer } from './runner-server.ts';

/** The whole protocol, with the Chat adapter and a scripted model. */
const SCRIPT = `
- when: { contains: count }
  reply: one two three four five six seven eight nine ten
  thinking: I count.
  usage: { inputTokens: 12, outputTokens: 34, cacheReadTokens: 5 }
- when: { contains: once busy }
  times: 1
  error: { status: 529, message: busy, retryAfter: 0 }
- when: { contains: once busy }
  reply: at last
- when: { contains: broken }
  error: { status: 400, message: 'no such model: {{model}}' }
- when: { contains: cut }
  reply: this will not
  close: true
- when: { contains: hang }
  hang: true
`;
const TOKEN = 'the-token';

let model: ModelServer;
let folder: string;
let server: RunnerServer;
let calls = 0;
beforeAll(async () => {
  model = await startModelServer({
    host: '127.0.0.1',
    port: 0,
    script: parseScript(SCRIPT),
    logger: silentLogger,
  });
});
afterAll(() => model.close());

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-runner-'));
  server = await startRunnerServer({
    config: {
      host: '127.0.0.1',
      port: 0,
      tokenHash: createHash('sha256').update(TOKEN).digest('hex'),
      workspace: path.join(folder, 'workspace'),
      state: path.join(folder, 'state'),
    },
    environment: inheritedEnvironment(),
    probe: () => Promise.reject(new Error('nothing is probed here')),
    startRun: (id, request) =>
      Promise.resolve(
        startRun({
          id,
          request,
          workspace: path.join(folder, 'workspace'),
          state: path.join(folder, 'state'),
          environment: {},
          agentEnvironment: {},
          clock: systemClock,
          modelAccess: madeUpAccess(model.url),
        }),
      ),
    onTunnel: (socket) => socket.destroy(),
    onCall: () => void (calls += 1),
  });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (target: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${target}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}`, ...(init.headers as Record<string, string>) },
  });

const request = (prompt: string, more: Partial<RunRequest> = {}): RunRequest => ({
  shell: { type: 'Chat' },
  agent: { name: 'chat', systemPrompt: 'You count.' },
  model: { protocol: 'anthropic', name: 'm1' },
  prompt,
  timeoutSeconds: 20,
  ...more,
});

const put = (id: string, body: unknown): Promise<Response> =>
  call(`/v1/runs/${id}`, { method: 'PUT', body: typeof body === 'string' ? body : JSON.stringify(body) });

async function eventsOf(id: string, after = 0): Promise<RunEvent[]> {
  const text = await (await call(`/v1/runs/${id}/events?after=${after}`)).text();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
}

async function finish(body: RunRequest): Promise<{ state: RunState; events: RunEvent[] }> {
  expect((await put('r', body)).status).toBe(200);
  const events = await eventsOf('r');
  return { events, state: (await (await call('/v1/runs/r')).json()) as RunState };
}

const joined = (events: RunEvent[], type: string): string =>
  events
    .filter((event) => event.type === type)
    .map((event) => event.data['text'])
    .join('');

describe('the protocol', () => {
  it.each(['Bearer wrong', 'Bearer', 'Basic the-token', ''])(
    'refuses the authorization %o',
    async (authorization) => {
      calls = 0;
      for (const target of ['/v1/ready', '/v1/runs/r', '/nothing']) {
        const response = await call(target, { headers: { authorization } });
        expect(response.status).toBe(401);
        expect(await response.json()).toEqual({
          error: { reason: 'Unauthorized', message: 'a token is needed' },
        });
      }
      expect(calls, 'whoever has no token does not keep the runner alive').toBe(0);
    },
  );

  it('tells the runner of a call with its token', async () => {
    calls = 0;
    await call('/v1/ready');
    expect(calls).toBe(1);
  });

  it.each([
    { reason: 'ready', target: '/v1/ready', status: 204 },
    { reason: 'unknown run', target: '/v1/runs/none', status: 404 },
    { reason: 'events of an unknown run', target: '/v1/runs/none/events', status: 404 },
    { reason: 'a name that is none', target: '/v1/runs/..%2f..', status: 404 },
    { reason: 'unknown path', target: '/v2', status: 404 },
    { reason: 'another method', target: '/v1/runs/r', method: 'PATCH', status: 404 },
    { reason: 'a run of a workspace', target: '/v1/runs/r', method: 'DELETE', status: 409 },
  ])('$reason: $status', async ({ target, status, ...init }) => {
    const { reason: _, ...options } = init;
    expect((await call(target, options)).status).toBe(status);
  });

  it.each([
    { body: '{', says: 'the body is not JSON' },
    { body: '[]', says: 'the body must be an object' },
    { body: { shell: {} }, says: 'shell.type' },
    { body: { shell: { type: 'Chat' }, agent: {} }, says: 'agent.name' },
    { body: { ...{ shell: { type: 'Chat' }, agent: { name: 'a' } } }, says: 'prompt' },
    {
      body: { shell: { type: 'Chat' }, agent: { name: 'a' }, prompt: 'p', timeoutSeconds: 0 },
      says: 'timeoutSeconds',
    },
  ])('refuses $body', async ({ body, says }) => {
    const response = await put('r', body);
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain(says);
  });

  it('starts a run once, whoever asks how often', async () => {
    const states = await Promise.all([1, 2, 3].map(() => put('r', request('count'))));
    expect(states.map((response) => response.status)).toEqual([200, 200, 200]);
    const events = await eventsOf('r');
    expect(events.filter((event) => event.type === 'status')).toHaveLength(1);
  });

  it('starts one run, however many are asked for at once', async () => {
    const asked = Array.from({ length: 20 }, (_, n) => put(`r${n}`, request('hang')));
    const statuses = (await Promise.all(asked)).map((response) => response.status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(19).fill(409)]);
  });

  it('quotes nothing of a body that cannot be read', async () => {
    const response = await put('r', '{"apiKey": secret}');
    expect(await response.json()).toEqual({
      error: { reason: 'BadRequest', message: 'the body is not JSON' },
    });
  });

  it('serves the same events to many readers, from any number', async () => {
    await put('r', request('count'));
    const [all, others, late] = await Promise.all([eventsOf('r'), eventsOf('r'), eventsOf('r', 2)]);
    expect(others).toEqual(all);
    expect(late).toEqual(all?.slice(2));
    expect(await eventsOf('r', 10_000)).toEqual([]);
    expect((await call('/v1/runs/r/events?after=x')).status).toBe(400);
  });
});

describe('the workspace', () => {
  const read = () => call('/v1/workspace');
  const replace = (archive: Uint8Array<ArrayBuffer>, limit: string | number = 1e6) =>
    call(`/v1/workspace?limit=${limit}`, { method: 'PUT', body: archive });

  async function sample(): Promise<Uint8Array<ArrayBuffer>> {
    mkdirSync(path.join(folder, 'workspace'), { recursive: true });
    writeFileSync(path.join(folder, 'workspace', 'notes.txt'), 'some work');
    return new Uint8Array(await (await read()).arrayBuffer());
  }

  it('is nothing until something is in it', async () => {
    expect((await read()).status).toBe(204);
  });

  it('goes out and comes in', async () => {
    const archive = await sample();
    writeFileSync(path.join(folder, 'workspace', 'later.txt'), 'not in the archive');
    const answer = await replace(archive);
    expect([answer.status, await answer.json()]).toEqual([200, { leftOut: 0 }]);
    expect(readdirSync(path.join(folder, 'workspace'))).toEqual(['notes.txt']);
  });

  it.each([
    ['nothing', new Uint8Array(), 1e6, 'the archive cannot be unpacked: the archive is cut off'],
    ['no archive', new Uint8Array(2048).fill(120), 1e6, 'the archive cannot be unpacked: a header has'],
    ['no limit', new Uint8Array(), 'much', 'limit must be a number of bytes'],
  ])('takes no %s', async (_, body, limit, message) => {
    const answer = await replace(body, limit);
    expect(answer.status).toBe(400);
    expect((await answer.json()) as object).toMatchObject({
      error: { message: expect.stringContaining(message) },
    });
  });

  it('is let alone while a run goes on, and not replaced after one', async () => {
    const archive = await sample();
    await put('r', request('hang'));
    expect((await read()).status).toBe(409);
    expect((await replace(archive)).status).toBe(409);
    await call('/v1/runs/r/cancel', { method: 'POST' });
    await eventsOf('r');
    expect((await read()).status).toBe(200);
    expect((await replace(archive)).status).toBe(409);
  });

  it('begins a run with notices for people', async () => {
    const { events } = await finish(request('count', { notices: ['A fresh clone.'] }));
    expect(events[0]).toMatchObject({ type: 'status', data: { message: 'A fresh clone.' } });
    expect((await put('r2', request('count', { notices: [1 as never] }))).status).toBe(400);
  });
});

describe('Chat', () => {
  it.each([
    { reason: 'no Model', model: undefined, says: 'Chat needs a Model' },
    {
      reason: 'a Model without a name',
      model: { protocol: 'openai' as const, name: '' },
      says: 'Chat needs a Model that names its model_id',
    },
  ])('$reason is a StartFailed', async ({ model: given, says }) => {
    const { model: _, ...rest } = request('count');
    const { state } = await finish({ ...rest, ...(given === undefined ? {} : { model: given }) });
    expect(state).toMatchObject({ phase: 'Failed', reason: 'StartFailed' });
    expect(state.message).toBe(says);
  });
});

describe.each(['anthropic', 'openai', 'openai-responses'] as const)('Chat with %s', (protocol) => {
  const asked = (prompt: string): RunRequest => {
    const base = request(prompt);
    return { ...base, model: { ...base.model!, protocol } };
  };

  it('streams the answer and counts', async () => {
    const { state, events } = await finish(asked('count'));
    expect(joined(events, 'thinking')).toBe('I count.');
    expect(joined(events, 'text')).toBe('one two three four five six seven eight nine ten');
    const usage = { inputTokens: 12, outputTokens: 34, cacheReadTokens: 5, cacheWriteTokens: 0 };
    expect(events.at(-2)).toMatchObject({ type: 'usage', data: { ...usage, model: 'm1' } });
    const result = {
      value: 'one two three four five six seven eight nine ten',
      usage,
      models: { m1: usage },
      turns: 1,
    };
    expect(state).toEqual({ id: 'r', phase: 'Succeeded', lastSeq: events.length, result });
    expect(events.at(-1)).toMatchObject({ type: 'result', data: { phase: 'Succeeded', result } });
  });

  it('tries again when that can help', async () => {
    // The rule is used up once per server, so each protocol has its own words.
    const { state, events } = await finish(asked(`once busy`));
    expect(state.phase).toBe('Succeeded');
    if (protocol === 'anthropic') expect(joined(events, 'log')).toContain('529: busy; try 1 of 3 in 0.0 s');
  });

  it.each([
    { prompt: 'broken', says: 'the model answered 400: no such model: m1' },
    { prompt: 'cut', says: "the model's answer broke off" },
    { prompt: 'nothing matches', says: 'the model answered 404' },
  ])('$prompt is a ModelError', async ({ prompt, says }) => {
    const { state, events } = await finish(asked(prompt));
    expect(state).toMatchObject({ phase: 'Failed', reason: 'ModelError' });
    expect(state.message).toContain(says);
    expect(events.slice(-2).map((event) => event.type)).toEqual(['error', 'result']);
  });

  it('ends with the time limit', async () => {
    const { state } = await finish({ ...asked('hang'), timeoutSeconds: 0.2 });
    expect(state).toMatchObject({
      phase: 'Failed',
      reason: 'TimedOut',
      message: 'the run took longer than 0.2 s',
    });
  });

  it('ends when asked to', async () => {
    await put('r', asked('hang'));
    expect((await call('/v1/runs/r/cancel', { method: 'POST' })).status).toBe(202);
    expect((await call('/v1/runs/r/cancel', { method: 'POST' })).status).toBe(202);
    expect((await eventsOf('r')).at(-1)?.data).toMatchObject({
      phase: 'Cancelled',
      message: 'the run was cancelled',
    });
  });
});

describe('the end of the runner', () => {
  it('cancels what runs and lets its readers see that', async () => {
    await put('r', request('hang'));
    const reader = await call('/v1/runs/r/events');
    await server.close();
    const last = (await reader.text()).trim().split('\n').at(-1) ?? '';
    expect((JSON.parse(last) as RunEvent).data['phase']).toBe('Cancelled');
    server = await startRunnerServer({
      config: { host: '127.0.0.1', port: 0, tokenHash: 'a'.repeat(64), workspace: folder, state: folder },
      environment: {},
      probe: () => Promise.reject(new Error('nothing is probed here')),
      startRun: () => Promise.reject(new Error('not here')),
      onTunnel: (socket) => socket.destroy(),
    });
  });
});
