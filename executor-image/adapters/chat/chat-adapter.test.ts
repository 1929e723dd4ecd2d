import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
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

function chat(baseURL: string, protocol: 'openai' | 'anthropic' = 'openai') {
  const request = {
    shell: { type: 'Chat' as const },
    agent: { name: 'a' },
    model: { protocol, name: 'm', baseURL },
    prompt: 'p',
    timeoutSeconds: 60,
  };
  const none = () => undefined;
  return chatAdapter().run(request, {
    events: { emit: none, text: none, flush: none },
    signal: new AbortController().signal,
    folder: '/',
    home: '/',
    runId: 'r',
    clock: systemClock,
    environment: {},
  });
}

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
    expect(await chat(model.url, protocol)).toMatchObject({ value: 'Hi' });
  },
);
