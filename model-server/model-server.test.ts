import { createParser } from 'eventsource-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { parseScript } from './load-script.ts';
import { startModelServer } from './model-server.ts';
import type { ModelServer } from './model-server.ts';

interface ToolCallPart {
  function: { name?: string; arguments: string };
}

/** The parts of both protocols that are read here. */
interface Wire {
  type?: string;
  delta?: Partial<Record<'thinking' | 'text' | 'partial_json', string>>;
  choices?: {
    delta?: { content?: string; tool_calls?: ToolCallPart[] };
    message?: { tool_calls?: ToolCallPart[] };
  }[];
  data?: { id: string }[];
}

const json = async (response: Response): Promise<Wire> => (await response.json()) as Wire;

const SCRIPT = `
models: [scripted-a, scripted-b]
rules:
  - when: { contains: broken }
    error: { status: 529, message: busy, retryAfter: 3 }
  - when: { contains: cut }
    reply: This answer does not end, it is cut off in the middle of it.
    close: true
  - when: { contains: hang }
    hang: true
  - when: { image: image/png }
    reply: I see {{images}}.
  - when: { contains: work }
    steps:
      - thinking: I need a look at the file first.
        reply: Looking.
        toolCall: { name: read_file, input: { path: 'über/{{prompt}}.txt' } }
        usage: { inputTokens: 11, outputTokens: 7, cacheReadTokens: 5 }
      - reply: The file says {{toolResult}}.
`;

let server: ModelServer;
beforeAll(async () => {
  server = await startModelServer({
    host: '127.0.0.1',
    port: 0,
    script: parseScript(SCRIPT),
    logger: silentLogger,
  });
});
afterAll(() => server.close());

const post = (path: string, body: unknown, signal?: AbortSignal): Promise<Response> =>
  fetch(`${server.url}${path}`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

async function events(response: Response): Promise<Wire[]> {
  const found: Wire[] = [];
  const parser = createParser({
    onEvent: (event) => {
      if (event.data !== '[DONE]') found.push(JSON.parse(event.data) as Wire);
    },
  });
  parser.feed(await response.text());
  return found;
}

const user = (content: unknown): Record<string, unknown> => ({ role: 'user', content });

describe('Anthropic Messages', () => {
  const ask = (messages: unknown[], more: object = {}): Promise<Response> =>
    post('/v1/messages?beta=true', { model: 'm', max_tokens: 10, messages, ...more });

  it('answers with thinking, text and a tool call', async () => {
    const body = await json(await ask([user('work')]));
    expect(body).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'm',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'I need a look at the file first.' },
        { type: 'text', text: 'Looking.' },
        { type: 'tool_use', name: 'read_file', input: { path: 'über/work.txt' } },
      ],
      usage: { input_tokens: 11, output_tokens: 7, cache_read_input_tokens: 5 },
    });
  });

  it('streams the same answer in pieces that add up', async () => {
    const response = await ask([user('work')], { stream: true });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const parts = await events(response);
    const join = (key: 'thinking' | 'text' | 'partial_json'): string =>
      parts.map((part) => part.delta?.[key] ?? '').join('');
    expect(join('thinking')).toBe('I need a look at the file first.');
    expect(join('text')).toBe('Looking.');
    expect(JSON.parse(join('partial_json'))).toEqual({ path: 'über/work.txt' });
    expect(parts[0]?.type).toBe('message_start');
    expect(parts.slice(-2)).toMatchObject([
      { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } },
      { type: 'message_stop' },
    ]);
  });

  it('sees tool results, and past the notes that a client adds', async () => {
    const messages = [
      user([
        { type: 'text', text: '<system-reminder>broken</system-reminder>' },
        { type: 'text', text: 'work' },
      ]),
      { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'read_file', input: {} }] },
      user([
        { type: 'tool_result', tool_use_id: 't1', content: [{ type: 'text', text: 'forty-two' }] },
        { type: 'text', text: '<system-reminder>cut</system-reminder>' },
      ]),
    ];
    const body = await json(await ask(messages));
    expect(body).toMatchObject({
      content: [{ type: 'text', text: 'The file says forty-two.' }],
      stop_reason: 'end_turn',
    });
  });

  it.each([
    { reason: 'scripted', prompt: 'broken', status: 529, type: 'overloaded_error', message: 'busy' },
    {
      reason: 'no rule',
      prompt: 'anything',
      status: 404,
      type: 'not_found_error',
      message: 'no rule of the script matches turn 1 of "anything"',
    },
  ])('sends errors: $reason', async ({ prompt, status, type, message }) => {
    const response = await ask([user(prompt)], { stream: true });
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(status === 529 ? '3' : null);
    expect(await response.json()).toEqual({ type: 'error', error: { type, message } });
  });

  it('refuses what is not a request', async () => {
    for (const body of ['{', '[]', '{}']) {
      const response = await post('/v1/messages', body);
      expect(response.status, body).toBe(400);
    }
    expect((await post('/v1/nothing', {})).status).toBe(404);
  });

  it('cuts the connection in the middle of an answer', async () => {
    const response = await ask([user('cut')], { stream: true });
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('hangs until the client leaves', async () => {
    const leaving = new AbortController();
    const asked = post('/v1/messages', { messages: [user('hang')], stream: true }, leaving.signal);
    // Another answer in the meantime shows that the hanging one holds nothing up.
    expect((await ask([user('work')])).status).toBe(200);
    leaving.abort();
    await expect(asked).rejects.toThrow('abort');
  });

  it('counts tokens and lists models', async () => {
    const counted = await post('/v1/messages/count_tokens', { messages: [user('work')] });
    expect(await counted.json()).toEqual({ input_tokens: expect.any(Number) });
    const models = await json(await fetch(`${server.url}/v1/models`));
    expect(models.data?.map((model) => model.id)).toEqual(['scripted-a', 'scripted-b']);
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200);
  });
});

describe('OpenAI Chat Completions', () => {
  it.each(['/v1/chat/completions', '/chat/completions', '/v1/v1/chat/completions'])(
    'answers at %s',
    async (path) => {
      const body = await json(await post(path, { model: 'm', messages: [user('work')] }));
      expect(body.choices).toMatchObject([
        {
          finish_reason: 'tool_calls',
          message: {
            content: 'Looking.',
            reasoning_content: 'I need a look at the file first.',
            tool_calls: [{ type: 'function', function: { name: 'read_file' } }],
          },
        },
      ]);
      expect(JSON.parse(body.choices?.[0]?.message?.tool_calls?.[0]?.function.arguments ?? '')).toEqual({
        path: 'über/work.txt',
      });
      expect(body).toMatchObject({ usage: { prompt_tokens: 16, completion_tokens: 7, total_tokens: 23 } });
    },
  );

  it('streams, tool call and usage included', async () => {
    const response = await post('/v1/chat/completions', { messages: [user('work')], stream: true });
    const parts = await events(response);
    const deltas = parts.map((part) => part.choices?.[0]?.delta ?? {});
    expect(deltas.map((delta) => delta.content ?? '').join('')).toBe('Looking.');
    const calls = deltas.flatMap((delta) => delta.tool_calls ?? []);
    expect(calls[0]).toMatchObject({ index: 0, function: { name: 'read_file' } });
    expect(JSON.parse(calls.map((call) => call.function.arguments).join(''))).toEqual({
      path: 'über/work.txt',
    });
    expect(parts.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 23 } });
  });

  it('sees the results of tools', async () => {
    const messages = [
      { role: 'system', content: 'You help.' },
      user('work'),
      { role: 'assistant', tool_calls: [{ id: 'c1', function: { name: 'read_file', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'c1', content: 'forty-two' },
    ];
    const body = await json(await post('/v1/chat/completions', { messages }));
    expect(body.choices).toMatchObject([
      { message: { content: 'The file says forty-two.' }, finish_reason: 'stop' },
    ]);
  });

  it('sends errors in its own form', async () => {
    const response = await post('/v1/chat/completions', { messages: [user('broken')] });
    expect(response.status).toBe(529);
    expect(await response.json()).toMatchObject({ error: { message: 'busy', type: 'server_error' } });
  });
});

describe('OpenAI Responses', () => {
  it('answers a text with reasoning, text and a tool call', async () => {
    const body = await (await post('/v1/responses', { model: 'm', input: 'work' })).json();
    expect(body).toMatchObject({
      object: 'response',
      status: 'completed',
      output: [
        { type: 'reasoning', summary: [{ text: 'I need a look at the file first.' }] },
        { type: 'message', content: [{ type: 'output_text', text: 'Looking.' }] },
        { type: 'function_call', name: 'read_file', arguments: '{"path":"über/work.txt"}' },
      ],
      usage: { input_tokens: 16, output_tokens: 7, input_tokens_details: { cached_tokens: 5 } },
    });
  });

  it('sees the results of tools, and past the notes that Codex adds', async () => {
    const message = (role: string, text: string) => ({
      type: 'message',
      role,
      content: [{ type: 'input_text', text }],
    });
    const input = [
      message('developer', 'You help.'),
      message('user', '# AGENTS.md instructions for /work\nbroken'),
      message('user', 'work'),
      message('user', '<environment_context>\n  <cwd>/work</cwd>\n</environment_context>'),
      { type: 'function_call', call_id: 'c1', name: 'read_file', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: 'forty-two' },
    ];
    const body = await (await post('/v1/responses', { input })).json();
    const content = [{ text: 'The file says forty-two.' }];
    expect(body).toMatchObject({ output: [{ type: 'message', content }] });
  });
});

describe('pictures', () => {
  const data = 'aGk=';
  const url = `data:image/png;base64,${data}`;
  const source = { type: 'base64', media_type: 'image/png', data };
  const text = { type: 'text', text: 'look' };

  it.each([
    { path: '/v1/messages', body: { messages: [user([text, { type: 'image', source }])] } },
    {
      path: '/v1/chat/completions',
      body: { messages: [user([text, { type: 'image_url', image_url: { url } }])] },
    },
    {
      path: '/v1/responses',
      body: {
        input: [
          user([
            { type: 'input_text', text: 'look' },
            { type: 'input_image', image_url: url },
          ]),
        ],
      },
    },
  ])('$path is told what came', async ({ path, body }) => {
    const answer = await (await post(path, body)).text();
    expect(answer).toContain('I see image/png, 2 bytes, sha256 8f434346648f.');
  });
});

describe('embeddings', () => {
  const embed = async (body: object): Promise<number[][]> => {
    const response = await post('/v1/embeddings', { model: 'm', ...body });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    return data.map(({ embedding }) => embedding);
  };
  const product = (a: number[] = [], b: number[] = []): number =>
    a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

  it('are the same for the same text, of length 1, and near for texts that share words', async () => {
    const input = ['The cat sleeps', 'the cat sleeps!', 'A cat sleeps', 'Invoices are due in May'];
    const [a, b, near, far] = await embed({ input });
    expect(b).toEqual(a);
    expect(product(a, a)).toBeCloseTo(1);
    expect(product(a, near)).toBeGreaterThan(product(a, far) + 0.3);
  });

  it('have as many dimensions as are asked for, in the form that is asked for', async () => {
    const body = { model: 'm', input: '…', dimensions: 3 };
    const [[...numbers] = []] = await embed(body);
    const packed = await post('/v1/embeddings', { ...body, encoding_format: 'base64' });
    const { data } = (await packed.json()) as { data: { embedding: string }[] };
    const bytes = Buffer.from(data[0]?.embedding ?? '', 'base64');
    expect([0, 4, 8].map((at) => bytes.readFloatLE(at))).toEqual(numbers);
  });

  it('of nothing are refused', async () => {
    expect((await post('/v1/embeddings', { model: 'm' })).status).toBe(400);
  });
});

describe('whoever listens', () => {
  it('hears of each call, whose it is, and whether it got its answer', async () => {
    const heard: unknown[] = [];
    const ends = new Map<string, (end: string) => void>();
    const endOf = (id: string): Promise<string> => new Promise((resolve) => void ends.set(id, resolve));
    await using stack = new AsyncDisposableStack();
    const listened = await startModelServer({
      ...{ host: '127.0.0.1', port: 0, script: parseScript(SCRIPT), logger: silentLogger },
      onCall: ({ callID = '', rule, prompt, turn }) => {
        heard.push({ callID, rule, prompt, turn });
        return (end) => ends.get(callID)?.(end);
      },
    });
    stack.defer(() => listened.close());
    const ask = (id: string, content: string, signal?: AbortSignal): Promise<Response> =>
      fetch(`${listened.url}/v1/messages`, {
        ...{ method: 'POST', headers: { 'x-client-request-id': id } },
        body: JSON.stringify({ model: 'm', max_tokens: 1, messages: [user(content)] }),
        ...(signal === undefined ? {} : { signal }),
      });
    const leaves = new AbortController();
    const [first, second] = [endOf('a'), endOf('b')];
    await (await ask('a', 'work')).text();
    const hanging = ask('b', 'hang', leaves.signal);
    await expect.poll(() => heard).toHaveLength(2);
    leaves.abort();
    await expect(hanging).rejects.toThrow('aborted');
    expect(await Promise.all([first, second])).toEqual(['answered', 'left']);
    expect(heard).toEqual([
      { callID: 'a', rule: 'rule 5', prompt: 'work', turn: 1 },
      { callID: 'b', rule: 'rule 3', prompt: 'hang', turn: 1 },
    ]);
  });
});
