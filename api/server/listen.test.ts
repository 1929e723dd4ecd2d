import { once } from 'node:events';
import { Agent, get } from 'node:https';
import type { RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { expect, it } from 'vitest';
import type { Clock } from '../machinery/clock.ts';
import {
  makeAuthorityCertificate,
  makeKey,
  makeServerPair,
} from '../data-folder/certificates/certificate-maker.ts';
import { DEFAULT_LIMITS } from './limits/limits.ts';
import { listen } from './listen.ts';
import { openLiveStream } from './answer/live-stream.ts';
import type { ServerTypes } from './server-environment.ts';

/** The limit that cuts connections never comes; idle ones are looked for at once. */
const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    if (ms > 1000) return () => undefined;
    const turn = setImmediate(fn);
    return () => clearImmediate(turn);
  },
};

it('closes although a client watches again and again on its connection', async () => {
  const closing = new AbortController();
  const app = new Hono<ServerTypes>();
  app.get('/watch', (c) => {
    const options = { contentType: 'text/plain', clock, closing: closing.signal };
    const stream = openLiveStream(c.env.outgoing, options);
    // A watch ends some turns after its signal: by then the server has stopped listening.
    const end = (): void => void setImmediate(() => stream.end());
    if (stream.signal.aborted) end();
    else stream.signal.addEventListener('abort', end, { once: true });
    return RESPONSE_ALREADY_SENT;
  });
  const key = makeKey();
  const authority = { key, certificate: await makeAuthorityCertificate({ key, now: Date.now() }) };
  const pair = await makeServerPair({ now: Date.now(), authority, names: ['127.0.0.1'] });
  const server = await listen({ app, host: '127.0.0.1', port: 0, ...pair, clock, limits: DEFAULT_LIMITS });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const options = { host: '127.0.0.1', port: server.port, path: '/watch', agent, ca: authority.certificate };
  const first = await watch(options);
  const again = watchUntilRefused(first, options);
  closing.abort();
  await server.close();
  expect(await again).toBe('ECONNREFUSED');
  agent.destroy();
});

async function watch(options: RequestOptions): Promise<IncomingMessage> {
  const [answer] = (await once(get(options), 'response')) as [IncomingMessage];
  return answer;
}

/** A reflector: each stream that ends is followed by the next, and a connection that was cut by a new one. */
async function watchUntilRefused(first: IncomingMessage, options: RequestOptions): Promise<unknown> {
  let stream: IncomingMessage | undefined = first;
  for (;;) {
    try {
      if (stream !== undefined) await once(stream.resume(), 'end');
      stream = await watch(options);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ECONNRESET') return code;
      stream = undefined;
    }
  }
}
