import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const WORDS = 20;
const WORD_MS = 50;

export interface SlowService extends AsyncDisposable {
  url: string;
  /** Answers under way. */
  open(): number;
  /** Lets those that wait go on. */
  release(): void;
}

/** Speaks a word every 50 ms; where it is asked to wait, it says one word and then waits. */
export async function slowService(): Promise<SlowService> {
  const waiting = new Set<() => void>();
  const server = createServer((call, response) => {
    answer(call, response, waiting).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    open: () => waiting.size,
    release() {
      for (const go of waiting) go();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  call: IncomingMessage,
  response: ServerResponse,
  waiting: Set<() => void>,
): Promise<void> {
  let body = '';
  for await (const chunk of call) body += String(chunk);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const say = (content: string): void => {
    const choices = [{ index: 0, delta: { content }, finish_reason: null }];
    response.write(`data: ${JSON.stringify({ id: 'c', model: 'm', choices })}\n\n`);
  };
  if (body.includes('wait here')) {
    say('Waiting.');
    const { promise, resolve } = Promise.withResolvers<void>();
    waiting.add(resolve);
    response.once('close', resolve);
    await promise;
    waiting.delete(resolve);
  } else {
    for (let word = 0; word < WORDS; word += 1) {
      say(`w${now()} `);
      await delay(WORD_MS);
    }
  }
  const end = { id: 'c', model: 'm', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] };
  response.end(`data: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`);
}

/** Milliseconds since the epoch, with a fraction: the service and those who listen are one process. */
export const now = (): number => performance.timeOrigin + performance.now();
