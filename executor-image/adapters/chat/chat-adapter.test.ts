import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { madeUpContext } from '../made-up-context.ts';
import type { Told } from '../made-up-context.ts';
import { chatAdapter } from './chat-adapter.ts';

/** What no script can make the model server say. */
async function service(answer: RequestListener): Promise<AsyncDisposable & { url: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends `first` and then megabytes until the client has had enough; returns when it has. */
function endless(status: number, first: string): { answer: RequestListener; sent: () => number } {
  let sent = 0;
  const answer: RequestListener = (_, response) => {
    response.writeHead(status).write(first);
    const more = (): void => {
      if (response.destroyed) return;
      sent += 1;
      if (response.write(Buffer.alloc(1024 * 1024, 'x'))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };
  return { answer, sent: () => sent };
}

interface ChatOptions {
  protocol?: 'openai' | 'anthropic';
  maxOutputTokens?: number;
  /** Takes what the adapter tells: `thinking: hm`, `log: …`. */
  said?: string[];
}

function chat(baseURL: string, { protocol = 'openai', said = [], ...options }: ChatOptions = {}) {
  const request = {
    shell: { type: 'Chat' as const },
    agent: { name: 'a' },
    model: { protocol, name: 'm', baseURL, apiKey: 'token', ...options },
    prompt: 'p',
    timeoutSeconds: 60,
  };
  const tell = {
    emit: sayEvent(said),
    text: (type: string, text: string) => void said.push(`${type}: ${text}`),
  };
  const told: Told[] = [];
  const context = madeUpContext(told, { events: { ...tell, flush: () => undefined } });
  return chatAdapter()
    .run(request, context)
    .then((answer) => ({ ...answer, usage: told.find(({ type }) => type === 'usage')?.data }));
}

const sayEvent = (said: string[]) => (type: string, data: Record<string, unknown>) =>
  void said.push(`${type}: ${String(data['text'] ?? '')}`);

it.each([
  {
    status: 200,
    first: 'data: {"choices": [{"delta": {"content": "',
    message: 'the model sent an event without end',
  },
  { status: 400, first: 'no', message: `the model answered 400: no${'x'.repeat(498)}` },
])('of an endless answer with status $status only the beginning is read', async (answer) => {
  const { answer: listener, sent } = endless(answer.status, answer.first);
  await using model = await service(listener);
  await expect(chat(model.url)).rejects.toMatchObject({ reason: 'ModelError', message: answer.message });
  expect(sent()).toBeLessThan(64);
});

it.each([
  {
    protocol: 'openai' as const,
    events: ['{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}', '[DONE]'],
  },
  {
    protocol: 'anthropic' as const,
    events: ['{"type":"content_block_delta","delta":{"text":"Hi"}}', '{"type":"message_stop"}'],
  },
])(
  'a complete answer of $protocol ends, also when its connection stays open',
  async ({ protocol, events }) => {
    await using model = await service((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events.map((data) => `data: ${data}\n\n`).join(''));
    });
    expect(await chat(model.url, { protocol })).toMatchObject({ value: 'Hi' });
  },
);

/** Answers with these events, or with one body. */
function answerWith(contentType: string, ...pieces: string[]): RequestListener {
  return (_, response) => {
    const body = contentType === 'text/event-stream' ? pieces.map((data) => `data: ${data}\n\n`) : pieces;
    response.writeHead(200, { 'content-type': contentType }).end(body.join(''));
  };
}

const STREAM = 'text/event-stream';

describe('what compatible services answer', () => {
  const delta = (delta: object, finish: string | null = null) =>
    JSON.stringify({ choices: [{ delta, finish_reason: finish }] });
  const stop = delta({}, 'stop');

  it.each<{ reason: string; answer: RequestListener; value: string; says?: string[] }>([
    {
      reason: 'an error that is null',
      answer: answerWith(STREAM, '{"choices":[{"delta":{"content":"a"}}],"error":null}', stop),
      value: 'a',
    },
    {
      reason: 'the event null',
      answer: answerWith(STREAM, 'null', delta({ content: 'a' }, 'stop')),
      value: 'a',
    },
    {
      reason: 'thinking in parts of the content',
      answer: answerWith(
        STREAM,
        delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }] }),
        delta({ content: 'a' }, 'stop'),
      ),
      value: 'a',
      says: ['thinking: hm'],
    },
    {
      reason: 'thinking as reasoning',
      answer: answerWith(STREAM, delta({ reasoning: 'hm' }), delta({ content: 'a' }, 'stop')),
      value: 'a',
      says: ['thinking: hm'],
    },
    {
      reason: 'an answer in one piece',
      answer: answerWith(
        'application/json',
        '{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}',
      ),
      value: 'a',
    },
  ])(
    '$reason is read',
    async ({ answer, value, says = [] }: { answer: RequestListener; value: string; says?: string[] }) => {
      await using model = await service(answer);
      const said: string[] = [];
      expect(await chat(model.url, { said })).toMatchObject({ value });
      expect(said).toEqual(expect.arrayContaining(says));
    },
  );

  it.each([
    {
      reason: 'that a limit cut off',
      answer: answerWith(STREAM, delta({ content: 'a' }, 'length')),
      failure: {
        reason: 'AnswerCut',
        message: "the model's answer is not complete: it reached a limit of tokens",
      },
    },
    {
      reason: 'that a policy cut off',
      answer: answerWith(STREAM, delta({ content: 'a' }, 'content_filter')),
      failure: {
        reason: 'ModelRefused',
        message: "the model's answer is not complete: a content policy ended it",
      },
    },
    {
      reason: 'without a word',
      answer: answerWith(STREAM, delta({ content: '' }, 'stop'), '[DONE]'),
      failure: { reason: 'ModelError', message: "the model's answer is empty" },
    },
  ])('an answer $reason is none', async ({ answer, failure }) => {
    await using model = await service(answer);
    await expect(chat(model.url)).rejects.toMatchObject(failure);
  });

  it.each([
    {
      reason: 'an error text',
      answer: ['{"error":"model overloaded"}'],
      message: 'the model failed: model overloaded',
    },
    {
      reason: 'an end by an error',
      answer: ['{"choices":[{"delta":{},"finish_reason":"error"}],"error":{"message":"no more","code":502}}'],
      message: 'the model failed: no more',
    },
    {
      reason: 'an event that is not JSON',
      answer: ['{'],
      message: 'the model failed: it sent an event that is not JSON',
    },
    {
      reason: 'no end',
      answer: [delta({ content: 'a' })],
      message: "the model's answer broke off before its end",
    },
    { reason: 'nothing', answer: [], message: "the model's answer broke off before its end" },
  ])('$reason is a ModelError', async ({ answer, message }) => {
    await using model = await service(answerWith(STREAM, ...answer));
    await expect(chat(model.url)).rejects.toMatchObject({ reason: 'ModelError', message });
  });

  it('a Message whose last usage is null', async () => {
    await using model = await service(
      answerWith(
        STREAM,
        '{"type":"message_start","message":{"usage":{"input_tokens":3,"output_tokens":1}}}',
        '{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}',
        '{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":null}',
        '{"type":"message_stop"}',
      ),
    );
    const usage = { inputTokens: 3, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
    expect(await chat(model.url, { protocol: 'anthropic' })).toMatchObject({ value: 'a', usage });
  });
});

it('a service that wants the limit by its newer name, and no stream_options, is asked its way', async () => {
  const bodies: Record<string, unknown>[] = [];
  await using model = await service((request, response) => {
    void readJson(request).then((body) => {
      bodies.push(body);
      const unknown = ['max_tokens', 'stream_options'].find((field) => field in body);
      if (unknown !== undefined) {
        const message = `Unsupported parameter: '${unknown}'`;
        response.writeHead(400).end(JSON.stringify({ error: { message, param: unknown } }));
        return;
      }
      answerWith(STREAM, '{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}')(request, response);
    });
  });
  const said: string[] = [];
  expect(await chat(model.url, { maxOutputTokens: 7, said })).toMatchObject({ value: 'a' });
  expect(bodies).toHaveLength(3);
  expect(bodies[2]).toMatchObject({ max_completion_tokens: 7 });
  expect(said).toContainEqual(
    "log: the model answered 400: Unsupported parameter: 'max_tokens'; asked in another way",
  );
});

async function readJson(request: AsyncIterable<Buffer>): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
}

it('a service out of credit is not asked again', async () => {
  let asked = 0;
  await using model = await service((_, response) => {
    asked += 1;
    response.writeHead(429).end('{"error":{"message":"no credit","code":"insufficient_quota"}}');
  });
  await expect(chat(model.url)).rejects.toMatchObject({ message: 'the model answered 429: no credit' });
  expect(asked).toBe(1);
});
