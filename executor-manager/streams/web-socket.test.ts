import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createManualClock } from '#api/machinery/manual-clock';
import { webSocketHeaders } from '#api/types/sandboxes/pod-stream';
import type { PodStreamRequest } from '#api/types/sandboxes/pod-stream';
import { acceptWebSocket, takeMessages } from './web-socket.ts';

const closers: (() => void)[] = [];
const clock = createManualClock();
let ours: WebSocket;
let connection: Duplex;
let user: WebSocket;

beforeEach(async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = new Promise<WebSocket>((resolve, reject) => {
    server.on('upgrade', ({ headers }: IncomingMessage, socket: Duplex) => {
      connection = socket;
      const header = (name: string): string | undefined => headers[name] as string | undefined;
      const request: PodStreamRequest = {
        ...{ kind: 'exec', namespace: 'default', name: 'box', uid: 'u', query: '' },
        webSocket: webSocketHeaders(header),
      };
      acceptWebSocket(socket, { request, clock }, '').then(resolve, reject);
    });
  });
  user = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  [ours] = await Promise.all([accepted, once(user, 'open')]);
  closers.push(() => {
    user.terminate();
    ours.terminate();
    server.close();
  });
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Small ones are many in one read of the connection. */
const MESSAGE = Buffer.alloc(16);
/** Of a read, of the connection and of ws. */
const MAX_READ_AHEAD = 512 * 1024;

it('reads no more than a little ahead of what is taken, however small the messages are', async () => {
  let received = 0;
  ours.on('message', (message: Buffer) => {
    received += message.length;
  });
  let taken = 0;
  const stuck = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  takeMessages(ours, async () => {
    taken += 1;
    // Each has its turn, as where a program takes it.
    if (taken < 2000) await setImmediate();
    if (taken !== 2000) return;
    stuck.resolve();
    await go.promise;
  });
  const count = 200_000;
  for (let at = 0; at < count; at += 1) user.send(MESSAGE);
  await stuck.promise;
  // One read may bring further messages together with the one that is stuck.
  await setImmediate();
  expect(ours.isPaused).toBe(true);
  expect(received - taken * MESSAGE.length).toBeLessThan(MAX_READ_AHEAD);
  go.resolve();
  await vi.waitUntil(() => taken === count, { timeout: 25_000 });
  expect(received).toBe(count * MESSAGE.length);
});

it('finds out that a user has gone who is not read from', async () => {
  takeMessages(ours, () => new Promise(() => undefined));
  user.send('never taken');
  await once(ours, 'message');
  const gone = once(ours, 'close');
  user.terminate();
  // The first word to one that is gone is answered by the other side, the next one breaks.
  let pings = 0;
  while (ours.readyState === WebSocket.OPEN && pings < 100) {
    pings += 1;
    clock.advance(15_000);
    await setImmediate();
  }
  await gone;
  expect(connection.destroyed).toBe(true);
});
